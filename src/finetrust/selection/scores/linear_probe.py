"""Accuracy of a linear probe on the features, each item left out in turn."""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

LIMIT = 10_000
PENALTIES = 10.0 ** np.arange(-8, 2)


@score(
    "linear-probe",
    title="Linear probe",
    paper="Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, eq. 7.64",
    numbers=True,
    share=True,
    limit=LIMIT,
)
def linear_probe(evidence: Evidence) -> float:
    """Return the leave-one-out accuracy of ridge regression on the one-hot answers.

    With H the hat matrix of ridge regression with an intercept, what the probe that has never seen
    item i says about it needs no second fit::

        yhat_{-i} = y_i - (y_i - (H y)_i) / (1 - H_ii)

    Hastie, Tibshirani & Friedman (2009), "The Elements of Statistical Learning", eq. 7.64, and
    Rifkin & Lippert (2007), "Notes on Regularized Least Squares". Of the penalties, from 1e-8 to 10
    times the greatest squared singular value, the one with the least squared error left out is
    taken. For numbers and tags: the share of the variance that is predicted,
    ``1 - sum_i |y_i - yhat_{-i}|^2 / sum_i |y_i - ybar_{-i}|^2``, averaged over the columns that
    vary. All items are learnt from; of more than 10 000, the answers of 10 000 drawn ones are judged.
    """
    drawn = evidence.drawn(LIMIT)
    truth = evidence.answers[drawn].toarray()
    predicted = _left_out(evidence, drawn, truth)
    if evidence.targets is None:
        return float((predicted.argmax(axis=1) == evidence.codes[drawn]).mean())
    n = len(evidence)
    baseline = (truth - evidence.targets.mean(axis=0, dtype=np.float64)) * n / (n - 1)
    varied = (truth != truth[:1]).any(axis=0)
    if not varied.any():
        raise NotApplicable("the answers do not vary among the items that are judged")
    errors = ((truth - predicted) ** 2).sum(axis=0)[varied]
    return float(1 - (errors / (baseline[:, varied] ** 2).sum(axis=0)).mean())


def _left_out(evidence: Evidence, drawn: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return what the probe says about items that it was not fitted to: float64 array (m, t)."""
    spectrum, n = evidence.centred_spectrum, len(evidence)
    mean = np.asarray(evidence.answers.mean(axis=0)).ravel()
    left = evidence.centred(drawn) @ (spectrum.directions / np.sqrt(spectrum.values))
    squares = left**2
    along = (evidence.answer_sums @ spectrum.directions / np.sqrt(spectrum.values)).T
    best, least = truth, np.inf
    for penalty in PENALTIES * spectrum.values[0]:
        kept = spectrum.values / (spectrum.values + penalty)
        leverage = 1 / n + squares @ kept
        fitted = mean + left @ (kept[:, None] * along)
        left_out = truth - (truth - fitted) / (1 - leverage)[:, None]
        error = float(((truth - left_out) ** 2).sum())
        if error < least:
            best, least = left_out, error
    return best
