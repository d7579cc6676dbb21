"""Smooth calibration error: the gap between confidence and accuracy, smoothed instead of binned.

Błasiok & Nakkiran, "Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing", ICLR 2024.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.fft import dct, idct

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import Answers, answers_of
from finetrust.trust.accuracy.calibration.reliability import (
    LEVEL,
    Confidence,
    p_value,
    simulated_gaps,
)
from finetrust.trust.accuracy.calibration.resampled_sums import resampled_share, resampled_sums
from finetrust.trust.accuracy.intervals import basic_interval, wilson

CELLS = 512
"""Cells of [0, 1] on which gaps are summed before they are smoothed."""

HALVINGS, HALVINGS_OF_RESAMPLES = 20, 12
"""Bisections of the sum of all gaps: to a millionth of it, and to 2e-4 of it where a thousand tables
are resampled."""


@measure(
    "ece_kernel",
    axis="accuracy",
    title="Smooth calibration error",
    better="lower",
    method="Top-label, after calibration where one was fitted: the difference between right (1 or 0) "
    "and the probability of the predicted class, smoothed over that probability by a Gaussian kernel "
    "that is reflected at 0 and 1 and as wide as the error itself, in absolute value; without bins. "
    "Bootstrap interval that allows for the upward bias of this figure on few items; its lower end "
    "is 0 unless a test of calibration speaks against it at 2.5 %.",
    reference="Błasiok & Nakkiran 2023, arXiv:2309.12236, definitions 4 and 5",
    unit="%",
    needs=("target", "logits"),
    meaning="How far confidence is from how often answers are right, measured without any choice of "
    "bins.",
    topic="calibration",
    secondary=True,
    per_group=False,
)
def ece_kernel(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the top-label smooth ECE; the details hold its ``p_value``."""
    answers = answers_of(evidence)
    confidence = Confidence.of_answers(answers)
    value, low, high, p = smooth_error(confidence, evidence.seed)
    replicates = partial(_resampled, answers, len(evidence.clean), evidence.seed)
    yield Estimate(value, low, high, len(answers.right), "", {"p_value": p}, replicates)


def smooth_error(confidence: Confidence, seed: int) -> tuple[float, float, float, float]:
    """Return the smooth ECE, its interval and its p-value.

    The interval is made as that of
    :func:`finetrust.trust.accuracy.calibration.reliability.ece_interval`.

    Share of 200 simulated data sets whose interval covers the true value, as in that function's
    table: with 200 items 0.965, 0.945, 0.94 and 0.94 as overconfidence rises, with 2,000 items 0.99,
    0.96, 0.955 and 0.955.

    Parameters
    ----------
    confidence : Confidence
    seed : int

    Returns
    -------
    value, low, high, p_value : float
    """
    cells, n = cells_of(confidence.confidence), len(confidence.right)
    sums = np.bincount(cells, confidence.gaps, CELLS) / n
    value = float(smooth_ece(sums[None])[0])
    p = p_value(value, _of_resamples(simulated_gaps(confidence, cells, CELLS, seed)))
    resampled = _of_resamples(resampled_sums(confidence.gaps, cells, CELLS, seed))
    low, high = basic_interval(value, resampled)
    least, most = (float(bound) for bound in wilson(confidence.right.sum(), n))
    mean = float(confidence.confidence.mean())
    high = max(high, value, mean - least, most - mean)
    if confidence.right.all() or not confidence.right.any():
        low = min(low, mean - most, least - mean)
    return value, float(np.clip(low, 0, value)) if p <= LEVEL else 0.0, min(high, 1.0), p


def cells_of(p: np.ndarray) -> np.ndarray:
    """Return the cell of each probability, of 512 of equal width: int array (n,) from 0."""
    return np.minimum((p * CELLS).astype(np.int64), CELLS - 1)


def smooth_ece(sums: np.ndarray, halvings: int = HALVINGS) -> np.ndarray:
    """Return the smooth ECE of sums of gaps in cells.

    With the kernel's width s it is the integral over t in [0, 1] of ``|sum over items of K_s(t,
    confidence) gap / n|`` (Błasiok & Nakkiran 2023, definition 4), K_s the Gaussian reflected at 0
    and 1: the heat kernel of the interval, which multiplies the k-th cosine coefficient by
    ``exp(-(pi k s)^2 / 2)``. It falls with s, and the smooth ECE is where both are equal (definition
    5), found by bisection from the sum of the absolute gaps down.

    Parameters
    ----------
    sums : float array (m, cells)
        Of the gaps in each cell, divided by the number of items; m tables at once.
    halvings : int

    Returns
    -------
    float array (m,)
    """
    cells = sums.shape[1]
    coefficients = dct(sums, axis=1)
    decay = (-((np.pi * np.arange(cells)) ** 2) / 2).astype(sums.dtype)
    high = np.minimum(np.abs(sums).sum(axis=1), 1)
    low = np.zeros_like(high)
    for _ in range(halvings):
        width = (low + high) / 2
        smoothed = idct(coefficients * np.exp(np.outer(width**2, decay)), axis=1)
        above = np.abs(smoothed).sum(axis=1) > width
        low, high = np.where(above, width, low), np.where(above, high, width)
    return (low + high) / 2


def _of_resamples(sums: np.ndarray) -> np.ndarray:
    found = smooth_ece(sums.astype(np.float32), HALVINGS_OF_RESAMPLES)
    return found.astype(np.float64)


def _resampled(answers: Answers, n: int, seed: int) -> np.ndarray:
    cells = cells_of(answers.confidence)
    gaps = answers.right - answers.confidence
    sums = resampled_sums(gaps, cells, CELLS, seed, answers.rows, n)
    return _of_resamples(sums / resampled_share(answers.rows, n, seed)[:, None])
