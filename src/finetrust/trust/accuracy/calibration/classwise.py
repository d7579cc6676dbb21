"""Calibration of every class by itself: gaps between the probability of a class and its frequency.

Kull et al., "Beyond temperature scaling: Obtaining well-calibrated multi-class probabilities with
Dirichlet calibration", NeurIPS 2019, section 2. All classes' probabilities are read in one pass.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array

from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import answers_of, chunks
from finetrust.trust.accuracy.calibration.bins import BINS, edges, equal_width
from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_counts

MOST_UNITS = 2000
"""More items than this are resampled in as many random blocks: a variance from 2,000 of them has a
relative standard error of 3 %."""

VALUES_AT_ONCE = 1 << 22


@dataclass(frozen=True, eq=False)
class Classwise:
    """What gaps (1 for the true class and 0 else, minus probability) come to by class and bin.

    Parameters
    ----------
    n : int
        Items with an answer.
    count, sums, squares : float64 arrays (classes, 15)
        Items in each bin of equal width by the probability of the class; their gaps and squared
        gaps, summed.
    errors, squared : float64 arrays (RESAMPLES,)
        The classwise ECE of every resample; the squared gaps of the bins, each times its share of
        the items, summed over the classes.
    noise, squared_noise : float64 arrays (RESAMPLES,)
        The same of what chance alone makes of perfect calibration: truths are drawn from the
        probabilities (Vaicenavicius et al., "Evaluating model calibration in classification", AISTATS
        2019, section 4), or, of many items, the gaps get random signs (the wild bootstrap of Wu,
        Annals of Statistics 14, 1986).
    """

    n: int
    count: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    errors: np.ndarray
    squared: np.ndarray
    noise: np.ndarray
    squared_noise: np.ndarray

    @property
    def error(self) -> float:
        """The classwise ECE: the mean over the classes of the ECE of each."""
        return float(np.abs(self.sums).sum() / self.n / len(self.sums))


@once
def classwise_of(evidence: Evidence) -> Classwise:
    """Return the figures of the clean items, with the probabilities that ``predict`` shows."""
    n, seed = len(answers_of(evidence).rows), evidence.seed
    unit, units = _units(len(evidence.clean), seed)
    count, squares, gaps = _summed(evidence, unit, units)
    classes, share = len(count), np.where(count > 0, count / n, 1)
    sums = gaps.sums()
    drawn = np.concatenate(list(resampled_counts(units, RESAMPLES, seed)))
    errors, squared = _figures(drawn / n, gaps, share)
    if units == len(unit):
        noise, squared_noise = _drawn_figures(evidence, share)
    else:
        signs = np.random.default_rng(seed).choice([-1.0, 1.0], (RESAMPLES, units))
        # Weights that sum to 0 take the mean over the units away from their gaps.
        signs -= signs.mean(axis=1, keepdims=True)
        noise, squared_noise = _figures(signs / n, gaps, share)
    return Classwise(
        n, count, sums, squares, errors / classes, squared, noise / classes, squared_noise
    )


def _units(n: int, seed: int) -> tuple[np.ndarray, int]:
    """Return the unit of each item that is resampled as one, and how many units there are."""
    if n <= MOST_UNITS:
        return np.arange(n), n
    return np.random.default_rng(seed).permutation(n) % MOST_UNITS, MOST_UNITS


@dataclass(frozen=True, eq=False)
class _Gaps:
    """Gaps by unit, class and bin, of which nearly all are in the lowest bin where classes are many.

    Parameters
    ----------
    whole : float64 array (units, classes)
        Over all bins.
    upper : sparse float64 array (units, classes * bins), by columns
        Of all bins but the lowest.
    """

    whole: np.ndarray
    upper: csc_array

    def sums(self) -> np.ndarray:
        """Return them summed over the units: float64 array (classes, bins)."""
        sums = np.asarray(self.upper.sum(axis=0)).reshape(-1, BINS)
        sums[:, 0] = self.whole.sum(axis=0) - sums.sum(axis=1)
        return sums

    def cells(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of classes `first` to `last` with a gap: places (c,), gaps (units, c)."""
        upper = self.upper[:, first * BINS : last * BINS]
        filled = np.flatnonzero(np.diff(upper.indptr))
        dense = upper[:, filled].toarray()
        lowest = self.whole[:, first:last].copy()
        for place, own in enumerate(filled // BINS):
            lowest[:, own] -= dense[:, place]
        places = np.concatenate([filled, np.arange(last - first) * BINS])
        return places + first * BINS, np.concatenate([dense, lowest], axis=1)


def _summed(
    evidence: Evidence, unit: np.ndarray, units: int
) -> tuple[np.ndarray, np.ndarray, _Gaps]:
    """Return count and squares (classes, bins), and the gaps by unit.

    Only the probabilities above the lowest bin are sorted into bins; the lowest one is what they
    leave of all.
    """
    classes = evidence.clean["logits"].shape[1]
    cells = classes * BINS
    count, squares = np.zeros(cells), np.zeros(cells)
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    all_squares, all_by_unit = np.zeros(classes), np.zeros((units, classes))
    for rows, _, log_p, target in chunks(evidence.clean, evidence.calibration):
        p = np.exp(log_p, out=log_p)
        item, of_class = np.nonzero(p > edges()[1])
        place = of_class * BINS + equal_width(p[item, of_class])
        gaps = np.negative(p, out=p)
        gaps[np.arange(len(rows)), target] += 1
        upper = gaps[item, of_class]

        count += np.bincount(place, minlength=cells)
        squares += np.bincount(place, upper**2, cells)
        entries.append((upper, unit[rows][item], place))
        all_squares += np.einsum("ij,ij->j", gaps, gaps)
        ones, column = np.ones(len(rows)), np.arange(len(rows))
        member = csr_array((ones, (unit[rows], column)), shape=(units, len(rows)))
        all_by_unit += member @ gaps
    tables = [table.reshape(classes, BINS) for table in (count, squares)]
    wholes = (np.full(classes, len(answers_of(evidence).rows)), all_squares)
    for table, whole in zip(tables, wholes, strict=True):
        table[:, 0] = whole - table.sum(axis=1)
    value, row, column = (np.concatenate(part) for part in zip(*entries, strict=True))
    upper = coo_array((value, (row, column)), shape=(units, cells)).tocsc()
    return tables[0], np.maximum(tables[1], 0), _Gaps(all_by_unit, upper)


def _figures(weights: np.ndarray, gaps: _Gaps, share: np.ndarray) -> np.ndarray:
    """Return errors and squares, summed over classes and bins, of weighted units.

    Parameters
    ----------
    weights : float64 array (RESAMPLES, units)
    gaps : _Gaps
    share : float64 array (classes, bins)

    Returns
    -------
    float64 array (2, RESAMPLES)
    """
    found = np.zeros((2, len(weights)))
    at_once = max(1, VALUES_AT_ONCE // (len(weights) * BINS))
    for first in range(0, len(share), at_once):
        places, of_units = gaps.cells(first, min(first + at_once, len(share)))
        of_cells = weights @ of_units
        found += np.abs(of_cells).sum(axis=1), (of_cells**2 / share.ravel()[places]).sum(axis=1)
    return found


def _drawn_figures(evidence: Evidence, share: np.ndarray) -> np.ndarray:
    """Return errors and squares where truths are drawn from the probabilities: (2, RESAMPLES)."""
    read = chunks(evidence.clean, evidence.calibration)
    p = np.exp(np.concatenate([log_p for _, _, log_p, _ in read]))
    n, classes = p.shape
    cells, first = classes * BINS, np.arange(n) * classes
    place = (np.arange(classes) * BINS + equal_width(p)).ravel()
    expected = np.bincount(place, p.ravel(), cells)
    below = (np.cumsum(p, axis=1) + np.arange(n)[:, None]).ravel()
    rng = np.random.default_rng(evidence.seed)
    at_once = max(1, VALUES_AT_ONCE // max(n, cells))
    found = []
    for start in range(0, RESAMPLES, at_once):
        draws = min(at_once, RESAMPLES - start)
        uniform = rng.random((draws, n)) + np.arange(n)
        drawn = np.searchsorted(below, uniform, side="right")
        drawn = (
            place[np.clip(drawn, first, first + classes - 1)] + cells * np.arange(draws)[:, None]
        )
        hits = np.bincount(drawn.ravel(), minlength=draws * cells).reshape(draws, cells)
        gaps = (hits - expected) / n
        found.append([np.abs(gaps).sum(axis=1), (gaps**2 / share.ravel()).sum(axis=1)])
    return np.concatenate(found, axis=1)
