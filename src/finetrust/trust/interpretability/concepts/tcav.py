"""TCAV: whether a model's answer for a class rises in the direction of a concept.

Kim et al., "Interpretability Beyond Feature Attribution: Quantitative Testing with Concept Activation Vectors
(TCAV)", ICML 2018. The test differs from section 3.4 in two things.

What is counted as one observation: there a concept is run against many sets of random items, and these runs
are compared with runs of random sets by a t-test. But all runs of a concept share its examples: in
simulations 30 to 44 % of the sets of random items passed as concepts at the 5 % level. Here one set of
examples is one observation: its mean over the runs against random sets is compared with those of the random
sets themselves, each of which is run as a concept against the others.

What is compared: there the share of the items whose logit rises towards the concept. Near the output the
gradients of a class hardly differ (behind the last nonlinearity they are all the same), so that random
sets have shares near 0 or 1 as well and nothing is significant. Here it is the mean cosine of the gradient
with the concept, which random directions have near 0. On a ResNet-20 of CIFAR-10, examples of horses are
found for the class horse with p = 0.001 rather than 0.07; the share is reported beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from finetrust.core.errors import NotApplicable
from finetrust.trust.comparison.holm import holm
from finetrust.trust.interpretability.concepts.concept_vector import (
    concept_vector,
    vectors_between,
)

LEAST_SETS = 5
LEAST_EXAMPLES = 5


@dataclass(frozen=True, eq=False)
class Towards:
    """How the answers for single items change towards a concept.

    Parameters
    ----------
    slopes : float64 array (m,)
        Cosine of the gradient with the concept, the mean over the runs against each random set; 0 for
        an item without a gradient.
    rising : float64 array (m,)
        The share of the runs in which the directional derivative (eq. 1) is positive; a zero counts half.
    random : float64 array (m, sets)
        What `slopes` is for each random set, run as a concept against the others.
    examples : int
        Of the concept, that were used.
    """

    slopes: np.ndarray
    rising: np.ndarray
    random: np.ndarray
    examples: int


@dataclass(frozen=True)
class ConceptScore:
    """What a concept means to a class.

    Parameters
    ----------
    concept, target : str
    value, ci_low, ci_high : float
        Mean cosine of the gradients of the class with the concept, in [-1, 1], with the 95 % interval by
        the spread that sets of so many random items have.
    rising : float
        The TCAV score: the share of the items whose logit rises towards the concept, over all runs.
    n : int
        Items of the class.
    examples, random_sets : int
        Examples of the concept that were used, and sets of as many random items.
    p_value : float
        Two-sided, of a mean of 0, adjusted by Holm for all concepts and classes.
    """

    concept: str
    target: str
    value: float
    ci_low: float
    ci_high: float
    rising: float
    n: int
    examples: int
    random_sets: int
    p_value: float


def towards(
    concepts: Mapping[str, np.ndarray], random_sets: Sequence[np.ndarray], gradients: np.ndarray
) -> dict[str, Towards]:
    """Return for each concept how the answers for single items change towards it.

    Parameters
    ----------
    concepts : mapping of str to float array (examples, d)
        Activations of a layer for examples of each concept.
    random_sets : sequence of float array (examples, d)
        Activations for disjoint sets of random items. All sets and the concept are cut to the size of
        the smallest, since the direction of few examples varies more.
    gradients : float array (m, d)
        Gradient of each item's logit by the layer.

    Raises
    ------
    NotApplicable
        With fewer than 5 random sets, or fewer than 5 examples in one of the sets.
    """
    if len(random_sets) < LEAST_SETS:
        raise NotApplicable(
            f"there are {len(random_sets)} random sets, and {LEAST_SETS} are needed"
        )
    directions = _directions(gradients)
    random_of_size: dict[int, np.ndarray] = {}
    found = {}
    for concept, examples in concepts.items():
        size = min(len(examples), *(len(some) for some in random_sets))
        if size < LEAST_EXAMPLES:
            raise NotApplicable(
                f"{concept}: the smallest set has {size} examples, and {LEAST_EXAMPLES} are needed"
            )
        if size not in random_of_size:
            between = vectors_between([some[:size] for some in random_sets])
            random_of_size[size] = directions @ between.mean(axis=1).T
        vectors = np.stack([concept_vector(examples[:size], some[:size]) for some in random_sets])
        cosines = directions @ vectors.T
        rising = (np.sign(cosines).mean(axis=1) + 1) / 2
        found[concept] = Towards(cosines.mean(axis=1), rising, random_of_size[size], size)
    return found


def tcav(found: Mapping[str, Towards], items: Mapping[str, np.ndarray]) -> tuple[ConceptScore, ...]:
    """Return the score of every concept for every class, with its significance.

    Share of 100 simulated concepts that are no other than random items whose p-value is below 0.05 before
    correction: 0.06 where the gradients of a class are all the same (64 numbers, 20 sets of 40), 0.06 and
    0.03 where they differ little and much (32 numbers, 10 sets of 20). Of concepts that move the
    activations by half a standard deviation along the gradient it is 0.96.

    Parameters
    ----------
    found : mapping of str to Towards
        Of the same m items each.
    items : mapping of str to int array (k,)
        Which of the items each class has; at least one.
    """
    scores = []
    for concept, of in found.items():
        n_sets = of.random.shape[1]
        for target, rows in items.items():
            value = float(of.slopes[rows].mean())
            spread = float(np.std(of.random[rows].mean(axis=0), ddof=1))
            low, high, p_value = _tested(value, spread, n_sets - 1)
            rising = float(of.rising[rows].mean())
            scores.append(
                ConceptScore(
                    concept,
                    target,
                    value,
                    low,
                    high,
                    rising,
                    len(rows),
                    of.examples,
                    n_sets,
                    p_value,
                )
            )
    adjusted = holm(np.array([score.p_value for score in scores]))
    return tuple(
        replace(score, p_value=float(p)) for score, p in zip(scores, adjusted, strict=True)
    )


def _directions(gradients: np.ndarray) -> np.ndarray:
    exact = gradients.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return exact / np.where(lengths > 0, lengths, 1)


def _tested(value: float, spread: float, freedom: int) -> tuple[float, float, float]:
    """Return the 95 % interval, and the two-sided p-value of a mean of 0."""
    if spread == 0:
        return -1.0, 1.0, 1.0
    half = float(stats.t.ppf(0.975, freedom)) * spread
    p_value = 2 * float(stats.t.sf(abs(value) / spread, freedom))
    return max(value - half, -1.0), min(value + half, 1.0), p_value
