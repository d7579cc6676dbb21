"""Accuracy when everything that raised an alarm is taken from the images."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, resampled_means, wilson
from finetrust.trust.interpretability.shortcuts.found import (
    Found,
    candidate_facts,
    found_shortcuts,
)
from finetrust.trust.interpretability.shortcuts.trial import CLEARED
from finetrust.trust.stability.corruption_replicates import shared_means


@measure(
    "accuracy_without_shortcut",
    axis="interpretability",
    topic="shortcut",
    title="Accuracy without the shortcuts",
    better="higher",
    meaning="How often it is right when everything that raised an alarm is taken from the images: what to "
    "expect where the shortcut is not there.",
    method="Share of right answers after every part that raised an alarm is replaced, by a blur at places "
    "and in the background, by grey for colour, by taking away common detail. Items are drawn with as many "
    "of each class and weighted so that classes count as in the data. BCa bootstrap over items.",
    reference="Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4",
    unit="%",
    needs=("logits",),
)
def accuracy_without_shortcut(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the accuracy; the details hold ``with``, that of the same items as they are."""
    found = found_shortcuts(evidence)
    if not found.n_alarms or CLEARED not in found.table:
        raise NotApplicable("no shortcut was found")
    right = found.table[CLEARED].astype(float)
    weights = _weights(evidence, found)
    low, high = _interval(right, weights, evidence.seed)
    before = (found.judged.predicted == found.judged.targets).astype(float)
    before_low, before_high = _interval(before, weights, evidence.seed)
    alarms = [candidate_facts(evidence, found, s) for s in found.shortcuts[: found.n_alarms]]
    yield Estimate(
        _mean(right, weights),
        low,
        high,
        len(right),
        details={
            "with": {
                "value": _mean(before, weights),
                "ci_low": before_low,
                "ci_high": before_high,
                "n": len(before),
            },
            "taken_away": [f"{facts['class']}, {facts['place']}" for facts in alarms],
        },
        replicates=partial(_replicates, evidence, found.table.ids, right, weights),
    )


def _weights(evidence: Evidence, found: Found) -> np.ndarray:
    """Return the weight of each item, so that its class counts as it does in the data."""
    targets = found.judged.targets
    labels, counts = np.unique(targets, return_counts=True)
    in_data = np.array([(evidence.clean["target"] == label).sum() for label in labels])
    return (in_data / counts)[np.searchsorted(labels, targets)]


def _mean(right: np.ndarray, weights: np.ndarray) -> float:
    return float(right @ weights / weights.sum())


def _interval(right: np.ndarray, weights: np.ndarray, seed: int) -> tuple[float, float]:
    if np.ptp(right) == 0:
        low, high = wilson(right.sum(), len(right))
        return float(low), float(high)
    value = _mean(right, weights)
    means = resampled_means(np.stack([right * weights, weights], axis=1), RESAMPLES, seed)
    return bca_interval(value, means[:, 0] / means[:, 1], weights * (right - value))


def _replicates(
    evidence: Evidence, ids: np.ndarray, right: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    means = shared_means(evidence, ids, np.stack([right * weights, weights], axis=1))
    return means[:, 0] / means[:, 1]
