"""F1 of labels of corrupted items (after Hendrycks & Dietterich 2019, section 4)."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.labels.label_answers import NEEDS, decided, targets_of
from finetrust.trust.stability.f1_under_corruption import (
    ByType,
    Counts,
    Score,
    part_kept,
    scores_of,
    whole_and_by_type,
)
from finetrust.trust.trials.matched import matched

REFERENCE = "Hendrycks & Dietterich 2019, arXiv:1903.12261, section 4"


@measure(
    "corruption_label_f1",
    axis="stability",
    topic="damage",
    title="Micro F1 of labels under corruptions",
    better="higher",
    meaning="The same figure on corrupted copies of the items.",
    method="Micro F1 of the labels on corrupted copies of the items, or of a random sample of them (n "
    "says how many), every type of corruption counting the same and within a type every severity. BCa "
    "bootstrap over items, each taken with all its copies; where resampling shows no uncertainty, the "
    "Wilson interval.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
)
def corruption_label_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over all types, then each type; the details hold F1 by severity."""
    yield from whole_and_by_type(_scores(evidence)[1])


@measure(
    "relative_corruption_label_f1",
    axis="stability",
    topic="damage",
    title="Micro F1 of labels kept under corruptions",
    better="higher",
    method="Micro F1 of the labels under corruption divided by that on the same items untouched; where "
    "only a random sample was corrupted (n says how many), both are of that sample. BCa bootstrap over "
    "items, clean and corrupted together; where resampling shows no uncertainty, the Wilson interval.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
)
def relative_corruption_label_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the part of the clean F1 that is left under corruption."""
    yield part_kept(*_scores(evidence))


def _scores(evidence: Evidence) -> tuple[Score, ByType]:
    clean, by_type = matched(evidence)
    due = targets_of(clean).sum(axis=1).astype(float)
    if not due.any():
        raise NotApplicable("no item has a label")

    def counts(predictions: Predictions) -> Counts:
        given, wanted = decided(predictions, evidence.calibration), targets_of(predictions)
        return (given & wanted).sum(1).astype(float), (given.sum(1) + wanted.sum(1)).astype(float)

    corrupted = {
        name: {severity: counts(table) for severity, table in of.items()}
        for name, of in by_type.items()
    }
    return scores_of(counts(clean), corrupted, due, evidence, clean.ids)
