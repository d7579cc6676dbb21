"""Calibration under corruption: does confidence fall as accuracy does?

Ovadia et al., "Can You Trust Your Model's Uncertainty? Evaluating Predictive Uncertainty Under Dataset
Shift", NeurIPS 2019, section 4.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.bins import BINS, equal_width
from finetrust.trust.accuracy.calibration.reliability import LEVEL, p_value
from finetrust.trust.accuracy.calibration.resampled_sums import (
    resampled_means_of,
    resampled_share,
    resampled_sums,
)
from finetrust.trust.accuracy.clustered_share import clustered_share
from finetrust.trust.accuracy.intervals import (
    basic_interval,
    bca_interval,
    bootstrap_share,
    wilson,
)
from finetrust.trust.accuracy.sample_size import at_least_two
from finetrust.trust.stability.corruption_replicates import rows_of_clean
from finetrust.trust.stability.shifted_answers import Shift, ShiftedAnswers, shift_of

REFERENCE = "Ovadia et al. 2019, arXiv:1906.02530, section 4"
NEEDS = ("target", "logits")


@measure(
    "corruption_ece",
    axis="stability",
    topic="damage",
    title="Calibration error under common corruptions",
    better="lower",
    method="Expected calibration error (15 bins of equal width, after calibration where one was "
    "fitted) on corrupted copies of the items (n counts the items), every type counting the same and "
    "within a type every severity; copies without finite scores are left out. Bootstrap interval over "
    "items, each taken with all its copies, that allows for the upward bias of this figure; its lower "
    "end is 0 unless a test of calibration speaks against it at 2.5 %.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    meaning="How far the confidence that is shown is from how often answers are right, on damaged "
    "inputs.",
)
def corruption_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over types and severities.

    The details hold the ``curve``: for each severity (0 is the same items untouched) ``accuracy``,
    ``ece`` and ``gap`` (confidence minus accuracy), each with its bounds; and the figures by type.
    """
    shift = shift_of(evidence)
    at_least_two(shift.ids)
    errors = {id(table): _Errors(table, evidence.seed) for table in _answered(shift)}
    clean = [table for table in (shift.clean,) if len(table.rows)]
    errors |= {id(table): _Errors(table, evidence.seed) for table in clean}

    def ece(tables: Sequence[ShiftedAnswers]) -> tuple[float, float, float]:
        weights = shift.weights(tuple(tables))
        allowed = _allowed_gap(tables, weights)
        return _mean_ece([errors[id(table)] for table in tables], weights, allowed)

    tables = _answered(shift)
    value, low, high = ece(tables)
    details = {
        "curve": [
            _point(severity, of, ece(of), shift, evidence.seed)
            for severity, of in _by_severity([*clean, *tables])
        ],
        "types": [
            {
                "type": table.corruption,
                "severity": table.severity,
                "accuracy": float(table.hits.mean()),
                "ece": errors[id(table)].value,
                "gap": float((table.confidence - table.right).mean()),
            }
            for table in tables
        ],
    }
    replicates = partial(_ece_replicates, evidence, shift, tables)
    yield Estimate(value, low, high, len(shift.ids), "", details, replicates)


@measure(
    "corruption_confidence_gap",
    axis="stability",
    topic="damage",
    title="Confidence minus accuracy under common corruptions",
    better="lower",
    method="Mean probability of the predicted class minus accuracy, on corrupted copies of the items "
    "(n counts the items), every type counting the same and within a type every severity; copies "
    "without finite scores are left out. Above 0 the model is too sure, below 0 not sure enough. BCa "
    "bootstrap interval over items, each taken with all its copies.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    meaning="By how much the model is surer of its answers on damaged inputs than it should be.",
    secondary=True,
)
def corruption_confidence_gap(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over types and severities, then that of each type."""
    shift = shift_of(evidence)
    at_least_two(shift.ids)
    tables = _answered(shift)
    for name in ("", *sorted({table.corruption for table in tables})):
        of = [table for table in tables if not name or table.corruption == name]
        value, low, high = _mean_gap(of, shift.weights(tuple(of)), evidence.seed)
        replicates = partial(_gap_replicates, evidence, shift, of)
        subset = f"corruption={name}" if name else ""
        yield Estimate(value, low, high, len(shift.ids), subset, {}, replicates)


class _Errors:
    """The calibration error of one table, as found, resampled, and as chance alone would make it."""

    def __init__(self, table: ShiftedAnswers, seed: int) -> None:
        bins, gaps = equal_width(table.confidence), table.right - table.confidence
        self.value = float(np.abs(np.bincount(bins, gaps, BINS)).sum() / len(gaps))
        share = resampled_share(table.rows, table.n, seed)
        sums = resampled_sums(gaps, bins, BINS, seed, table.rows, table.n)
        self.resampled = np.abs(sums).sum(axis=1) / share
        noise = _calibrated_gaps(table, bins, gaps)
        sums = resampled_sums(noise, bins, BINS, seed, table.rows, table.n)
        centre = np.bincount(bins, noise, BINS) / table.n
        self.simulated = np.abs(sums - centre).sum(axis=1) / share
        least, most = (float(x) for x in wilson(table.right.sum(), len(gaps)))
        mean = float(table.confidence.mean())
        # Answers that are all right, or all wrong, show no uncertainty in any resample.
        alike = table.right.all() or not table.right.any()
        self.least = max(0.0, mean - most, least - mean) if alike else self.value


def _calibrated_gaps(table: ShiftedAnswers, bins: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Return gaps that vary as they would were the confidence the truth: float array (m,).

    Those found, without the mean of their bin and scaled to the variance of right answers of that
    confidence, so that an item which is hard under one corruption is so under others.
    """
    count = np.maximum(np.bincount(bins, minlength=BINS), 1)
    centred = gaps - (np.bincount(bins, gaps, BINS) / count)[bins]
    expected = table.confidence * (1 - table.confidence)
    of_bin = np.bincount(bins, expected, BINS)
    found = np.bincount(bins, centred**2, BINS)
    varied = found > 1e-9
    scale = np.sqrt(of_bin / np.where(varied, found, 1))
    return np.where(varied[bins], centred * scale[bins], np.sqrt(np.maximum(expected, 0)))


def _allowed_gap(tables: Sequence[ShiftedAnswers], weights: np.ndarray) -> float:
    """Return how far mean confidence and accuracy may be apart, which the mean error is not below."""
    each = [(w / len(table.rows), table) for w, table in zip(weights, tables, strict=True)]
    right = np.sum([w * table.hits for w, table in each], axis=0)
    answered = np.sum(
        [w * table.of_all(np.ones(len(table.rows)), 0.0) for w, table in each], axis=0
    )
    least, most = clustered_share(right, answered)
    mean = float(weights @ [table.confidence.mean() for table in tables])
    return max(mean - least, most - mean)


def _mean_ece(
    errors: Sequence[_Errors], weights: np.ndarray, allowed: float
) -> tuple[float, float, float]:
    value = float(weights @ [error.value for error in errors])
    resampled = weights @ np.stack([error.resampled for error in errors])
    simulated = weights @ np.stack([error.simulated for error in errors])
    low, high = basic_interval(value, resampled[np.isfinite(resampled)])
    high = max(high, value, allowed)
    low = min(low, value, float(weights @ [error.least for error in errors]))
    significant = p_value(value, simulated[np.isfinite(simulated)]) <= LEVEL
    return value, max(low, 0.0) if significant else 0.0, min(high, 1.0)


def _mean_gap(
    tables: Sequence[ShiftedAnswers], weights: np.ndarray, seed: int
) -> tuple[float, float, float]:
    gaps = [table.confidence - table.right for table in tables]
    value = float(weights @ [gap.mean() for gap in gaps])
    if all(table.right.all() or not table.right.any() for table in tables):
        bounds = [wilson(table.right.sum(), len(table.rows)) for table in tables]
        sure = weights @ [table.confidence.mean() for table in tables]
        low, high = (float(sure - weights @ [float(b[i]) for b in bounds]) for i in (1, 0))
        return value, min(low, value), max(high, value)
    resampled = weights @ np.stack(
        [
            resampled_means_of(gap, table.rows, table.n, seed)
            for gap, table in zip(gaps, tables, strict=True)
        ]
    )
    influence = weights @ np.stack(
        [table.of_all(gap, gap.mean()) for gap, table in zip(gaps, tables, strict=True)]
    )
    return value, *bca_interval(value, resampled[np.isfinite(resampled)], influence)


def _point(
    severity: int,
    tables: Sequence[ShiftedAnswers],
    ece: tuple[float, float, float],
    shift: Shift,
    seed: int,
) -> dict[str, Any]:
    weights = shift.weights(tuple(tables))
    hits = weights @ np.stack([table.hits for table in tables])
    accuracy = (float(hits.mean()), *bootstrap_share(hits, seed))
    figures = {"accuracy": accuracy, "ece": ece, "gap": _mean_gap(tables, weights, seed)}
    return {
        "severity": severity,
        **{
            name + suffix: float(figure)
            for name, found in figures.items()
            for suffix, figure in zip(("", "_low", "_high"), found, strict=True)
        },
    }


def _by_severity(
    tables: Sequence[ShiftedAnswers],
) -> Iterator[tuple[int, list[ShiftedAnswers]]]:
    for severity in sorted({table.severity for table in tables}):
        yield severity, [table for table in tables if table.severity == severity]


def _answered(shift: Shift) -> list[ShiftedAnswers]:
    return [table for table in shift.corrupted if len(table.rows)]


def _ece_replicates(
    evidence: Evidence, shift: Shift, tables: Sequence[ShiftedAnswers]
) -> np.ndarray:
    """Return the mean error on the shared resamples of all clean items."""
    rows, n = rows_of_clean(evidence, shift.ids), len(evidence.clean)
    found = []
    for table in tables:
        bins, gaps = equal_width(table.confidence), table.right - table.confidence
        sums = resampled_sums(gaps, bins, BINS, evidence.seed, rows[table.rows], n)
        share = resampled_share(rows[table.rows], n, evidence.seed)
        found.append(np.abs(sums).sum(axis=1) / share)
    return shift.weights(tuple(tables)) @ np.stack(found)


def _gap_replicates(
    evidence: Evidence, shift: Shift, tables: Sequence[ShiftedAnswers]
) -> np.ndarray:
    rows, n = rows_of_clean(evidence, shift.ids), len(evidence.clean)
    found = [
        resampled_means_of(table.confidence - table.right, rows[table.rows], n, evidence.seed)
        for table in tables
    ]
    return shift.weights(tuple(tables)) @ np.stack(found)
