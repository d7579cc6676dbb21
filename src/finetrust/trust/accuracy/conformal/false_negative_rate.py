"""What sets of labels with a promised false-negative rate miss, and how many labels they hold."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.trust.accuracy.conformal.label_sets import MissTable
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    bootstrap_mean,
    bootstrap_share,
    resampled_means,
    wilson,
)
from finetrust.trust.accuracy.labels.label_answers import NEEDS, targets_of

RISK = 0.1
SETS = (
    "The set of an item holds the labels whose score passes a threshold, chosen on validation data so "
    "that the expected share of missed labels is at most 10 % for new data of the same kind (conformal "
    "risk control)."
)
REFERENCE = "Angelopoulos et al. 2024, arXiv:2208.02814, eq. 4"


@measure(
    "false_negative_rate",
    axis="accuracy",
    title="True labels missed by the set (at most 10 % promised)",
    better="lower",
    method=f"Share of its true labels that the set of an item misses, averaged over the items; one without "
    f"labels misses none, one without finite scores all. {SETS} BCa bootstrap over items; where all "
    "have the same share, the Wilson interval.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    meaning="How much of what should be named predict --set --coverage 0.9 leaves out.",
    topic="conformal",
)
def false_negative_rate(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean; the details hold the promise and the ``threshold`` as a probability."""
    held, due = _held(evidence), targets_of(evidence.clean)
    missed = (due & ~held).sum(axis=1) / np.maximum(due.sum(axis=1), 1)
    low, high = bootstrap_share(missed, evidence.seed)
    yield _estimate(evidence, missed, max(low, 0.0), min(high, 1.0))


@measure(
    "label_set_size",
    axis="accuracy",
    title="Labels in the set (at most 10 % missed)",
    better="lower",
    method=f"Mean number of labels in the sets of the test items. {SETS} BCa bootstrap over items; where "
    "all sets have the same size, one label more or less for as many items as the Wilson interval "
    "allows.",
    reference=REFERENCE,
    needs=NEEDS,
    meaning="How many labels predict --set --coverage 0.9 names on average to keep that promise.",
    topic="conformal",
    secondary=True,
)
def label_set_size(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean; the details hold the promise and the ``threshold`` as a probability."""
    size = _held(evidence).sum(axis=1).astype(float)
    if np.ptp(size) == 0:
        most = float(wilson(0, len(size))[1])
        n_labels = evidence.clean["label_logits"].shape[1]
        low, high = max(0.0, size[0] - most), min(float(n_labels), size[0] + most)
    else:
        low, high = bootstrap_mean(size, evidence.seed)
    yield _estimate(evidence, size, low, high)


def _estimate(evidence: Evidence, values: np.ndarray, low: float, high: float) -> Estimate:
    logit, n = _threshold(evidence)
    details: dict[str, Any] = {
        "promised": RISK,
        "threshold": float(expit(logit)),
        "n_validation": n,
    }
    replicates = partial(_resampled, values, evidence.seed)
    return Estimate(
        float(values.mean()), low, high, len(values), details=details, replicates=replicates
    )


def _resampled(values: np.ndarray, seed: int) -> np.ndarray:
    return resampled_means(values[:, None], RESAMPLES, seed)[:, 0]


@once
def _held(evidence: Evidence) -> np.ndarray:
    """Return which labels are in the set of each item: bool array (n, labels)."""
    logits = evidence.clean["label_logits"]
    answered = np.isfinite(logits).all(axis=1)
    return answered[:, None] & (logits >= _threshold(evidence)[0])


@once
def _threshold(evidence: Evidence) -> tuple[float, int]:
    """Return the logit from which on a label is in the set, and the number of validation items."""
    validation = evidence.validation
    if validation is None or len(validation) == 0 or "label_logits" not in validation:
        raise NotApplicable("there are no predictions for validation data to choose a threshold on")
    table = MissTable.of(validation["label_logits"], targets_of(validation))
    if not len(table.rate):
        raise NotApplicable("no validation item has a label")
    threshold = table.threshold_for(RISK)
    if threshold is None:
        raise NotApplicable(
            f"{table.n} validation items can promise that {table.lowest_risk:.1%} of the labels are "
            f"missed at the least, not {RISK:.0%}"
        )
    return threshold, table.n
