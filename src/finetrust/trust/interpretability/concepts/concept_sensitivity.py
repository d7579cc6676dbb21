"""Concept sensitivity: how far the answer for a class rises towards a concept."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.concepts.found import concept_scores


@measure(
    "concept_sensitivity",
    axis="interpretability",
    topic="concept",
    title="What a concept means to a class",
    better="higher",
    method="The direction in which a layer tells the concept's example images from random images (logistic "
    "regression against each of up to 20 random sets); the value is the mean cosine of that direction with "
    "the gradient of the class's logit, over items of the class: 1 straight towards the concept, -1 away "
    "from it. The layer is that of the class activation maps, averaged over its places, so that it does "
    "not matter where the concept shows. 95 % interval and p-value by the spread that sets of random images "
    "have as concepts (t distribution), p-values adjusted by Holm for all concepts and classes.",
    reference="Kim et al. 2018, arXiv:1711.11279, eq. 1",
    meaning="How much the answer for a class rises (above 0) or falls (below 0) as an image shows more of "
    "a concept; random images give about 0.",
)
def concept_sensitivity(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield a figure for each concept and class."""
    found = concept_scores(evidence)
    for score in found.scores:
        details = {
            "p_value": score.p_value,
            "tcav_score": score.rising,
            "examples": score.examples,
            "random_sets": score.random_sets,
        }
        yield Estimate(
            score.value,
            score.ci_low,
            score.ci_high,
            score.n,
            _subset(score.concept, score.target),
            details,
        )
    for concept, target, n in found.few:
        reason = f"{n} item{'s' * (n > 1)} of the class {'are' if n > 1 else 'is'} too few"
        yield Absence(reason, _subset(concept, target))


def _subset(concept: str, target: str) -> str:
    return f"concept={concept},class={target}"
