"""LogME: the evidence of a linear model of the answers on the features (You et al. 2021)."""

from collections.abc import Callable

import numpy as np

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

PRIOR_RATE = 1e-5
_GOLDEN = (np.sqrt(5.0) - 1) / 2
_STEPS = 40


@score(
    "logme",
    title="LogME",
    paper="You, Liu, Wang & Long (2021), LogME, ICML; You et al. (2022), JMLR 23",
    numbers=True,
)
def logme(evidence: Evidence) -> float:
    """Return the greatest log evidence per item, averaged over the columns of the answers.

    With ``y = F w + noise``, noise of precision beta and weights of prior precision alpha::

        LogME = mean over columns y of  max over alpha, beta of  log p(y | F, alpha, beta) / n

    You, Liu, Wang & Long (2021), "LogME: Practical Assessment of Pre-trained Models for Transfer
    Learning", ICML. Classes are one-hot columns. Numbers and tags are standardised, so that
    the score does not hang on their unit; columns that do not vary are left out.
    """
    spectrum = evidence.spectrum
    if evidence.targets is None:
        sums = _sums(evidence, np.zeros(evidence.answers.shape[1]))
        norms = evidence.class_sizes.astype(np.float64)
    else:
        varied = (evidence.targets != evidence.targets[:1]).any(axis=0)
        spread = evidence.targets.std(axis=0, dtype=np.float64)[varied]
        means = evidence.targets.mean(axis=0, dtype=np.float64)
        sums = _sums(evidence, means)[varied] / spread[:, None]
        norms = np.full(int(varied.sum()), float(len(evidence)))
    squares = (sums @ spectrum.directions) ** 2 / spectrum.values
    found = max_log_evidence(spectrum.values, squares, norms, len(evidence))
    return float(found.mean()) / len(evidence)


def _sums(evidence: Evidence, less: np.ndarray) -> np.ndarray:
    """Return the features summed with the answers less some value as weights: float64 (t, d)."""
    found = [
        evidence.answers[rows].T @ evidence.features[rows].astype(np.float64)
        for rows in evidence.blocks()
    ]
    return np.sum(found, axis=0) - len(evidence) * np.outer(less, evidence.mean)


def max_log_evidence(
    values: np.ndarray, squares: np.ndarray, norms: np.ndarray, n: int
) -> np.ndarray:
    """Return the greatest log evidence of each column of answers.

    At a ratio ``t = alpha / beta`` the best beta is known, and what is left is a function of t
    alone, with ``x_j`` the part of y along the j-th left singular vector of the features and
    ``s_j`` its squared singular value::

        Q(t) = |y|^2 - sum_j x_j^2 + sum_j x_j^2 t / (s_j + t)
        beta = n / (Q(t) + c (1 + t))
        log p = n/2 log beta - 1/2 sum_j log(1 + s_j / t) - n/2 (1 + log 2 pi)

    The authors' code follows the fixed-point iteration of the journal paper for at most
    11 steps or until t changes by less than 0.1 %; the same maximum is bracketed here on a grid of
    t and narrowed to rounding error, so that neither an early stop nor a lesser maximum changes a
    ranking. The authors' code adds c = 1e-5 to the denominators of its updates of alpha and beta, as
    exponential priors of rate c / 2 would; that keeps the evidence finite where the features
    determine the answers. Theirs leaves the priors out of the evidence again; here they stay in.

    Parameters
    ----------
    values : float64 array (rank,)
        Squared singular values of the features.
    squares : float64 array (t, rank)
        Squared components of each column of answers along the left singular vectors.
    norms : float64 array (t,)
        Squared norms of the columns.
    n : int
        Items.

    Returns
    -------
    float64 array (t,)
        In nats.
    """
    rest = np.maximum(norms - squares.sum(axis=1), 0.0)
    low = 1e-3 * PRIOR_RATE * values[-1] / (n * max(1.0, norms.max()))
    high = 10 * max(values[0], np.sqrt(values.sum() * norms.max() / (n * PRIOR_RATE)))
    step = np.log(2.0)
    grid = np.arange(np.log(low), np.log(high), step)
    t = np.exp(grid)[:, None]
    misfits = rest[:, None] + squares @ (t / (values + t)).T
    coarse = _log_evidence(t[:, 0], misfits, np.log1p(values / t).sum(axis=1), n)

    def evidence(log_t: np.ndarray) -> np.ndarray:
        t = np.exp(log_t)[:, None]
        misfit = rest + (squares * (t / (values + t))).sum(axis=1)
        return _log_evidence(t[:, 0], misfit, np.log1p(values / t).sum(axis=1), n)

    best = grid[coarse.argmax(axis=1)]
    return _greatest(evidence, best - step, best + step)


def _log_evidence(t: np.ndarray, misfit: np.ndarray, volume: np.ndarray, n: int) -> np.ndarray:
    log_beta = np.log(n) - np.log(misfit + PRIOR_RATE * (1 + t))
    return n / 2 * log_beta - volume / 2 - n / 2 * (1 + np.log(2 * np.pi))


def _greatest(
    function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Return the greatest value of a function of each element by golden-section search."""
    for _ in range(_STEPS):
        left = high - _GOLDEN * (high - low)
        right = low + _GOLDEN * (high - low)
        falls = function(left) > function(right)
        low, high = np.where(falls, low, left), np.where(falls, right, high)
    return function((low + high) / 2)
