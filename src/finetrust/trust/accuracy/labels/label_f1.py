"""F1 of labels, over all decisions and label by label."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.labels.label_answers import NEEDS, decided, label_names, targets_of
from finetrust.trust.accuracy.ratios import mean_f1, ratio, ratios

THRESHOLD = (
    "An item has the labels whose probability is at least 0.5, or at least the threshold that was "
    "chosen on validation data."
)


@measure(
    "label_micro_f1",
    axis="accuracy",
    title="Micro F1 of labels",
    better="higher",
    meaning="100 % would be every item with all its labels and no other.",
    method=f"Harmonic mean of precision and recall over all labels of all items. {THRESHOLD} BCa "
    "bootstrap over items; where resampling shows no uncertainty, the Wilson interval.",
    reference="Lipton et al. 2014, arXiv:1402.1892, section 2",
    unit="%",
    needs=NEEDS,
    topic="right",
)
def label_micro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield F1 over all labels, then that of each label."""
    hits, uses = hits_and_uses(evidence.clean, evidence.calibration)
    value, low, high = ratio(hits.sum(axis=1), uses.sum(axis=1), evidence.seed, 2.0)
    yield Estimate(value, low, high, len(hits))
    used, names = np.flatnonzero(uses.any(axis=0)), label_names(evidence)
    each = ratios(hits[:, used], uses[:, used], evidence.seed, 2.0)
    for number, f1 in zip(used, each, strict=True):
        n = int(np.count_nonzero(uses[:, number]))
        yield Estimate(*f1, n, f"label={names[number]}")


@measure(
    "label_macro_f1",
    axis="accuracy",
    title="Macro F1 of labels",
    better="higher",
    method="Mean over the labels of F1; labels that are neither a target nor given are left out. "
    f"{THRESHOLD} BCa bootstrap over items; where resampling shows no uncertainty, the Wilson "
    "interval.",
    reference="Opitz & Burst 2019, arXiv:1911.03347, eq. 2 (averaged F1)",
    unit="%",
    needs=NEEDS,
    topic="right",
)
def label_macro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean F1 of the labels."""
    hits, uses = hits_and_uses(evidence.clean, evidence.calibration)
    yield Estimate(*mean_f1(hits, uses, evidence.seed), len(hits))


def hits_and_uses(
    predictions: Predictions, calibration: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels given rightly, and labels given plus labels due: float arrays (n, labels).

    Raises
    ------
    NotApplicable
        If there are none.
    """
    given, due = decided(predictions, calibration), targets_of(predictions)
    uses = given.astype(float) + due
    if not uses.any():
        raise NotApplicable("no item has a label and none is given one")
    return (given & due).astype(float), uses
