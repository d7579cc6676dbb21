"""Significant concepts: the share of the pairs of a concept and a class that have to do with each other."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.interpretability.concepts.found import SIGNIFICANT, concept_scores


@measure(
    "significant_concepts",
    axis="interpretability",
    topic="concept",
    title="Concepts that count",
    better="higher",
    method="Share of the pairs of a concept and a class (n counts them) whose concept_sensitivity differs "
    "from that of random images: p-value of at most 0.05 after Holm's correction for all pairs. Wilson "
    "score interval, which takes the pairs for a sample of such pairs. The details hold all pairs.",
    reference="Kim et al. 2018, arXiv:1711.11279, section 3.4; Holm 1979",
    unit="%",
    share=True,
    meaning="How many of the pairs of a concept and a class have to do with each other, beyond what random "
    "images would show.",
)
def significant_concepts(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of the pairs that are significant."""
    scores = concept_scores(evidence).scores
    significant = np.array([score.p_value <= SIGNIFICANT for score in scores])
    low, high = wilson(significant.sum(), len(scores))
    details = {
        "pairs": [
            {
                "concept": score.concept,
                "class": score.target,
                "value": score.value,
                "ci_low": score.ci_low,
                "ci_high": score.ci_high,
                "p_value": score.p_value,
                "tcav_score": score.rising,
                "significant": bool(score.p_value <= SIGNIFICANT),
            }
            for score in sorted(scores, key=lambda score: (score.p_value, -abs(score.value)))
        ]
    }
    yield Estimate(float(significant.mean()), float(low), float(high), len(scores), details=details)
