"""Entity F1 of the plain model beside the network, and how far the network is ahead of it."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.data.texts.entity_counts import EntityCounts
from finetrust.trust.accuracy.ratios import f1_gain, ratio
from finetrust.trust.accuracy.right.baseline import beside
from finetrust.trust.accuracy.tokens.entity_f1 import INTERVAL, REFERENCE, RIGHT
from finetrust.trust.accuracy.tokens.evidence_of_tags import NEEDS, counts_in, scheme_in

PLAIN = "logistic regression on character n-grams of each word and its neighbours"


@measure(
    "baseline_entity_f1",
    axis="accuracy",
    title="Entity F1 of the plain model",
    better="higher",
    meaning="The plain model looks at the letters of each word and its neighbours (TF-IDF with logistic "
    "regression).",
    method=f"Entity F1 of a plain model fitted to the same training data: {PLAIN}. {RIGHT} {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    topic="right",
    per_group=False,
)
def baseline_entity_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield F1 of the baseline over all entities."""
    counts = _of_baseline(evidence)
    value, low, high = ratio(counts.right.sum(1), counts.uses.sum(1), evidence.seed, 2.0)
    yield Estimate(value, low, high, len(counts.right))


@measure(
    "gain_over_baseline_entity_f1",
    axis="accuracy",
    title="Entity F1 gained over the plain model",
    better="higher",
    method=f"Entity F1 of the model minus that of a plain model: {PLAIN}. BCa bootstrap over texts, "
    "both models on the same texts; where resampling shows no uncertainty, the Wilson interval of "
    "the model's F1 less the baseline's F1.",
    reference="Efron & Tibshirani 1993, An Introduction to the Bootstrap, eq. 14.9-14.15",
    unit="%",
    meaning="How much better the network finds entities than a plain model that looks at letters.",
    needs=NEEDS,
    topic="right",
    per_group=False,
)
def gain_over_baseline_entity_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the difference of the two F1."""
    plain = _of_baseline(evidence)
    model = counts_in(evidence.clean, scheme_in(evidence))
    own, other = ((c.right.sum(axis=1), c.uses.sum(axis=1)) for c in (model, plain))
    yield Estimate(*f1_gain(own, other, evidence.seed), len(model.right))


def _of_baseline(evidence: Evidence) -> EntityCounts:
    counts = counts_in(beside(evidence), scheme_in(evidence))
    if not counts.labelled.any():
        raise NotApplicable("no entity is labelled")
    return counts
