"""Accuracy under common corruptions (Hendrycks & Dietterich 2019, section 4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    bca_interval,
    bootstrap_share,
    resampled_means,
    wilson,
)
from finetrust.trust.accuracy.probabilities import is_right
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.trials.matched import matched

REFERENCE = "Hendrycks & Dietterich 2019, arXiv:1903.12261, section 4"


@measure(
    "corruption_accuracy",
    axis="stability",
    topic="damage",
    title="Accuracy under common corruptions",
    better="higher",
    method="Accuracy on corrupted copies of the items, or of a random sample of them (n says how "
    "many), every type counting the same and within a type every severity. BCa bootstrap over "
    "items, each taken with all its copies.",
    reference=REFERENCE,
    unit="%",
    needs=("logits",),
    share=True,
)
def corruption_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over all types, then each type; the details hold accuracy by severity."""
    matched_items = _Matched.of(evidence)
    by_type = matched_items.by_type()
    table = {
        name: {str(severity): float(r.mean()) for severity, r in sorted(of.items())}
        for name, of in matched_items.right.items()
    }

    def estimate(right: np.ndarray, subset: str, details: Mapping) -> Estimate:
        low, high = bootstrap_share(right, evidence.seed)
        replicates = partial(_replicates, evidence, matched_items.ids, right)
        return Estimate(float(right.mean()), low, high, len(right), subset, details, replicates)

    yield estimate(_mean(list(by_type.values())), "", table)
    for name, right in by_type.items():
        yield estimate(right, f"corruption={name}", table[name])


@measure(
    "relative_corruption_accuracy",
    axis="stability",
    topic="damage",
    title="Accuracy kept under common corruptions",
    better="higher",
    method="Accuracy under corruption divided by accuracy on the same items untouched; where only "
    "a random sample was corrupted (n says how many), both are of that sample. BCa bootstrap over "
    "items, clean and corrupted together.",
    reference=REFERENCE,
    unit="%",
    needs=("logits",),
)
def relative_corruption_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the part of the clean accuracy that is left under corruption."""
    matched_items = _Matched.of(evidence)
    if not matched_items.clean.any():
        raise NotApplicable("no untouched item is right, so that no accuracy could be lost")
    corrupted = _mean(list(matched_items.by_type().values()))
    pairs = np.stack([corrupted, matched_items.clean], axis=1)
    value = float(pairs[:, 0].mean() / pairs[:, 1].mean())
    low, high = _ratio_interval(value, pairs, evidence.seed)
    replicates = partial(_ratio_replicates, evidence, matched_items.ids, pairs)
    yield Estimate(value, low, high, len(pairs), replicates=replicates)


@dataclass(frozen=True, eq=False)
class _Matched:
    """Which of the corrupted items are right; float arrays (n,) over the same n items.

    Parameters
    ----------
    ids : str array (n,)
    clean : array
        Untouched.
    right : mapping of str to mapping of int to array
        By corruption and severity.
    """

    ids: np.ndarray
    clean: np.ndarray
    right: Mapping[str, Mapping[int, np.ndarray]]

    @classmethod
    def of(cls, evidence: Evidence) -> "_Matched":
        clean, by_type = matched(evidence)
        calibration = evidence.calibration
        right = {
            name: {severity: _right(table, calibration) for severity, table in of.items()}
            for name, of in by_type.items()
        }
        return cls(clean.ids, _right(clean, calibration), right)

    def by_type(self) -> dict[str, np.ndarray]:
        """Return the mean over the severities of each corruption."""
        return {name: _mean(list(of.values())) for name, of in self.right.items()}


def _right(predictions: Predictions, calibration: Mapping[str, Any]) -> np.ndarray:
    return is_right(predictions, calibration).astype(float)


def _mean(arrays: list[np.ndarray]) -> np.ndarray:
    return np.mean(arrays, axis=0)


def _replicates(evidence: Evidence, ids: np.ndarray, right: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, right[:, None])[:, 0]


def _ratio_replicates(evidence: Evidence, ids: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    corrupted, clean = shared_means(evidence, ids, pairs).T
    return corrupted / np.where(clean > 0, clean, np.nan)


def _ratio_interval(value: float, pairs: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the interval of mean(corrupted) / mean(clean) for `pairs` (n, 2)."""
    influence = pairs[:, 0] - value * pairs[:, 1]
    if np.ptp(influence) < 1e-12:
        # Every resample gives the same ratio; what is left is how few clean hits it rests on.
        low, high = wilson(min(value, 1.0) * pairs[:, 1].sum(), pairs[:, 1].sum())
        return float(low), max(float(high), value)
    resampled = resampled_means(pairs, RESAMPLES, seed)
    kept, clean = resampled[resampled[:, 1] > 0].T
    return bca_interval(value, kept / clean, influence)
