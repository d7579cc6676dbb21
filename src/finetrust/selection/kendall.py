"""Kendall's weighted tau: how well scores order candidates, above all the best (Vigna 2015)."""

from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable

RESAMPLES = 2000
LEVEL = 0.95
_BLOCK_NUMBERS = 1 << 21


@dataclass(frozen=True)
class Tau:
    """Kendall's weighted tau of n candidates, with its interval."""

    value: float
    ci_low: float
    ci_high: float
    n: int


def weighted_tau(values: np.ndarray, truth: np.ndarray) -> float:
    """Return Kendall's tau with hyperbolic weights of the ranks.

    Vigna (2015), "A weighted correlation index for rankings with ties", WWW: with ``r_i`` and
    ``s_i`` the two columns and ``rho(i)`` the rank of candidate i from the best, counted from 0::

        <r, s> = sum_{i < j} sgn(r_i - r_j) sgn(s_i - s_j) (1 / (rho(i) + 1) + 1 / (rho(j) + 1))
        tau = <r, s> / sqrt(<r, r> <s, s>)

    averaged over ranks by the values (ties by the truth) and by the truth (ties by the values). It is
    ``scipy.stats.weightedtau``, by which papers on model selection judge their scores.

    Parameters
    ----------
    values : float array (n,)
        The score of each candidate.
    truth : float array (n,)
        What it came to, e.g. accuracy after fine-tuning.

    Returns
    -------
    float
        From -1 to 1.

    Raises
    ------
    NotApplicable
        If the candidates are fewer than two, or all alike in one of the two.
    """
    tau = float(weighted_taus(values, truth, np.arange(len(values))[None])[0])
    if np.isnan(tau):
        raise NotApplicable("the candidates are all alike, and an order of them means nothing")
    return tau


def weighted_taus(values: np.ndarray, truth: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the weighted tau of each resample of the candidates.

    Parameters
    ----------
    values : float array (n,)
    truth : float array (n,) or (resamples, n)
        The latter where what they came to is drawn anew in every resample.
    rows : int64 array (resamples, m)
        Candidates of each resample.

    Returns
    -------
    float64 array (resamples,)
        NaN where a resample holds candidates that are all alike.
    """
    one, other = np.asarray(values, np.float64)[rows], np.asarray(truth, np.float64)
    other = np.take_along_axis(other, rows, axis=1) if other.ndim == 2 else other[rows]
    size = max(1, _BLOCK_NUMBERS // max(1, rows.shape[1] ** 2))
    parts = [slice(start, start + size) for start in range(0, len(rows), size)]
    return np.concatenate([_taus(one[part], other[part]) for part in parts])


def tau_interval(values: np.ndarray, truth: np.ndarray, seed: int = 0) -> Tau:
    """Return the weighted tau with a 95 % percentile interval over resamples of the candidates.

    Resamples in which all candidates are alike are left out.

    Raises
    ------
    NotApplicable
        As :func:`weighted_tau`.
    """
    value = weighted_tau(values, truth)
    replicates = weighted_taus(values, truth, resampled(len(values), seed))
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(replicates, [tail, 1 - tail])
    return Tau(value, float(low), float(high), len(values))


def resampled(n: int, seed: int) -> np.ndarray:
    """Return rows of n candidates drawn with replacement: int64 array (resamples, n).

    Two scores that are judged on the same resamples can be compared in pairs.
    """
    return np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))


def _taus(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    signs = np.sign(one[:, :, None] - one[:, None, :])
    others = np.sign(other[:, :, None] - other[:, None, :])
    by_both = [
        _tau(signs, others, 1 / (_ranks(first, second) + 1.0))
        for first, second in ((one, other), (other, one))
    ]
    return np.mean(by_both, axis=0)


def _ranks(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return ranks from the best, 0 first, by the first column and then by the second."""
    order = np.lexsort((second, first), axis=-1)[:, ::-1]
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(order.shape[1])[None], axis=1)
    return ranks


def _tau(signs: np.ndarray, others: np.ndarray, weights: np.ndarray) -> np.ndarray:
    pairs = weights[:, :, None] + weights[:, None, :]

    def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return (one * other * pairs).sum(axis=(1, 2))

    spread = np.sqrt(product(signs, signs) * product(others, others))
    return np.divide(product(signs, others), spread, np.full_like(spread, np.nan), where=spread > 0)
