"""Answers judged as sets of labels: how many sets are right, and how many decisions are wrong."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import bootstrap_share, wilson
from finetrust.trust.accuracy.labels.label_answers import NEEDS, decided, targets_of
from finetrust.trust.accuracy.labels.label_f1 import THRESHOLD


@measure(
    "subset_accuracy",
    axis="accuracy",
    title="Items with exactly the right labels",
    better="higher",
    method=f"Share of the items whose labels are all right and none missing. {THRESHOLD} Wilson "
    "interval.",
    reference="Zhang & Zhou 2014, TKDE 26(8), section 2.2.2",
    unit="%",
    needs=NEEDS,
    share=True,
    topic="right",
)
def subset_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of items with exactly the right labels."""
    right = (decided(evidence.clean, evidence.calibration) == targets_of(evidence.clean)).all(
        axis=1
    )
    low, high = wilson(right.sum(), len(right))
    yield Estimate(float(right.mean()), float(low), float(high), len(right))


@measure(
    "hamming_loss",
    axis="accuracy",
    title="Wrong decisions about labels",
    better="lower",
    method="Share of wrong decisions among all, one decision for every item and label. "
    f"{THRESHOLD} BCa bootstrap over items; where all have the same share, the Wilson interval.",
    reference="Zhang & Zhou 2014, TKDE 26(8), section 2.2.2",
    unit="%",
    needs=NEEDS,
    topic="right",
)
def hamming_loss(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of wrong decisions."""
    wrong = (decided(evidence.clean, evidence.calibration) != targets_of(evidence.clean)).mean(
        axis=1
    )
    low, high = bootstrap_share(wrong, evidence.seed)
    yield Estimate(float(wrong.mean()), max(low, 0.0), min(high, 1.0), len(wrong))
