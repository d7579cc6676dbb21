"""TCAV: whether a model's answer for a class rises in the direction of a concept.

Kim, Wattenberg, Gilmer, Cai, Wexler, Viegas & Sayres, "Interpretability Beyond Feature Attribution:
Quantitative Testing with Concept Activation Vectors (TCAV)", ICML 2018.

The test differs from section 3.4 in what is counted as one observation. There a concept is run against
many sets of random items, and these runs are compared with runs of random sets by a t-test. But all runs of
a concept share its examples: in simulations 30 to 44 % of the sets of random items passed as concepts at
the 5 % level. Here one set of examples is one observation: its mean score over the runs against random
sets is compared with those of the random sets themselves, each of which is run as a concept against the
others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression

from finetrust.core.errors import NotApplicable
from finetrust.trust.comparison.holm import holm

LEAST_SETS = 5
LEAST_EXAMPLES = 5


@dataclass(frozen=True)
class ConceptScore:
    """What a concept means to a class.

    Parameters
    ----------
    concept, target : str
    value, ci_low, ci_high : float
        Share of the items of the class whose logit rises towards the concept, over the runs against
        each random set; 95 % interval by the spread that sets of so many examples have.
    n : int
        Items of the class.
    examples, random_sets : int
        Examples of the concept that were used, and sets of as many random items.
    p_value : float
        Two-sided, of a score of 0.5, adjusted by Holm for all concepts and classes.
    """

    concept: str
    target: str
    value: float
    ci_low: float
    ci_high: float
    n: int
    examples: int
    random_sets: int
    p_value: float


def tcav(
    concepts: Mapping[str, np.ndarray],
    random_sets: Sequence[np.ndarray],
    gradients: Mapping[str, np.ndarray],
) -> tuple[ConceptScore, ...]:
    """Return the score of every concept for every class, with its significance.

    An item counts where its directional derivative (eq. 1) is positive, and half where it is zero, so
    that a class that does not depend on the layer scores 0.5. The mean of the random sets is then 0.5
    exactly, since the vector of one set against another is that of the other reversed.

    Parameters
    ----------
    concepts : mapping of str to float array (examples, d)
        Activations of a layer for examples of each concept.
    random_sets : sequence of float array (examples, d)
        Activations for disjoint sets of random items. All sets and the concept are cut to the size of
        the smallest, since the score of few examples varies more.
    gradients : mapping of str to float array (m, d)
        Gradient of the logit of each class by the layer, for items of the class.

    Raises
    ------
    NotApplicable
        With fewer than 5 random sets, or fewer than 5 examples in one of the sets.
    """
    if len(random_sets) < LEAST_SETS:
        raise NotApplicable(
            f"there are {len(random_sets)} random sets, and {LEAST_SETS} are needed"
        )
    vectors_of_size: dict[int, np.ndarray] = {}
    found = []
    for concept, examples in concepts.items():
        size = min(len(examples), *(len(some) for some in random_sets))
        if size < LEAST_EXAMPLES:
            raise NotApplicable(
                f"{concept}: the smallest set has {size} examples, and {LEAST_EXAMPLES} are needed"
            )
        if size not in vectors_of_size:
            vectors_of_size[size] = _between([some[:size] for some in random_sets])
        vectors = np.stack([concept_vector(examples[:size], some[:size]) for some in random_sets])
        for target, slopes in gradients.items():
            value = _score(slopes, vectors)
            spread = _spread(slopes, vectors_of_size[size])
            low, high, p_value = _tested(value, spread, len(random_sets) - 1)
            found.append(
                ConceptScore(
                    concept, target, value, low, high, len(slopes), size, len(random_sets), p_value
                )
            )
    adjusted = holm(np.array([score.p_value for score in found]))
    return tuple(replace(score, p_value=float(p)) for score, p in zip(found, adjusted, strict=True))


def concept_vector(examples: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the concept activation vector: the normal, of length 1, of what separates two sets.

    By logistic regression (section 3.2), on activations of mean 0 and, over all numbers, variance 1.

    Parameters
    ----------
    examples, others : float array (k, d), (l, d)

    Returns
    -------
    float64 array (d,)
        It points to `examples`; 0 where all are alike.
    """
    inputs = np.concatenate([examples, others]).astype(np.float64)
    inputs -= inputs.mean(axis=0)
    scale = np.sqrt(np.square(inputs).mean())
    if scale == 0:
        return np.zeros(inputs.shape[1])
    inputs /= scale
    wide = inputs.shape[1] > len(inputs)
    if wide:
        # The weights lie in the span of the items, where they are far fewer numbers.
        basis, coordinates = np.linalg.qr(inputs.T)
        inputs = coordinates.T
    labels = np.repeat([1, 0], [len(examples), len(others)])
    weights = LogisticRegression(max_iter=1000).fit(inputs, labels).coef_[0]
    vector = basis @ weights if wide else weights
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def _between(sets: Sequence[np.ndarray]) -> np.ndarray:
    """Return the vectors of each set against each other: float64 array (sets, sets - 1, d)."""
    count = len(sets)
    found = np.empty((count, count, sets[0].shape[1]))
    for one in range(count):
        for two in range(one):
            found[one, two] = concept_vector(sets[one], sets[two])
            found[two, one] = -found[one, two]
    others = ~np.eye(count, dtype=bool)
    return found[others].reshape(count, count - 1, -1)


def _score(gradients: np.ndarray, vectors: np.ndarray) -> float:
    """Return the mean over vectors (k, d) of the share of gradients that rise along them."""
    return float((np.sign(gradients.astype(np.float64) @ vectors.T).mean() + 1) / 2)


def _spread(gradients: np.ndarray, vectors: np.ndarray) -> float:
    """Return the standard deviation of the scores of random sets about 0.5, their mean."""
    return float(np.std([_score(gradients, own) for own in vectors], ddof=1))


def _tested(value: float, spread: float, freedom: int) -> tuple[float, float, float]:
    """Return the 95 % interval, and the two-sided p-value of a mean of 0.5."""
    if spread == 0:
        return 0.0, 1.0, 1.0
    half = float(stats.t.ppf(0.975, freedom)) * spread
    p_value = 2 * float(stats.t.sf(abs(value - 0.5) / spread, freedom))
    return max(value - half, 0.0), min(value + half, 1.0), p_value
