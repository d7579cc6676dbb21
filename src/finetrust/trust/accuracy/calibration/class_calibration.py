"""Calibration of classifiers by one of the methods, or by the one that does best in cross-validation.

Its measure is the negative log-likelihood, a proper score: Gneiting & Raftery, "Strictly Proper
Scoring Rules, Prediction, and Estimation", JASA 2007.
"""

from typing import Any

import numpy as np

from finetrust.core.progress import say
from finetrust.trust.accuracy.calibration.methods.method import TEMPERATURE, kept, methods
from finetrust.trust.accuracy.probabilities import has_answer

AUTO = "auto"
FOLDS = 3


def fit_classes(logits: np.ndarray, targets: np.ndarray, method: str) -> dict[str, Any]:
    """Return a calibration of logits, as JSON values.

    Parameters
    ----------
    logits : float array (n, classes)
        Of validation data. Items with a logit that is not finite are left out.
    targets : int array (n,)
    method : str
        One of `methods`, or ``"auto"``: the one with the least cross-validated NLL, and temperature
        scaling where that is not worse by more than the standard error of their difference.

    Returns
    -------
    dict
        ``temperature``, or ``method`` and ``parameters``. With ``"auto"`` also ``nll``, the mean
        cross-validated NLL by method, and ``left_out``, why others were not tried. Where the items
        were too few for the method, ``fallback`` says so, and the temperature is fitted.

    Raises
    ------
    UserError
        For an unknown method.
    """
    answered = has_answer(logits)
    logits, targets = logits[answered], targets[answered]
    if method == AUTO:
        return _chosen(logits, targets)
    reason = _too_few(method, logits, targets)
    if reason:
        fallback = f"{method} was not fitted, temperature instead: {reason}"
        say(f"Calibration: {fallback}.")
        return {**_fitted(TEMPERATURE, logits, targets), "fallback": fallback}
    return _fitted(method, logits, targets)


def cross_validated_losses(logits: np.ndarray, targets: np.ndarray, method: str) -> np.ndarray:
    """Return -log(probability of the target) of each item, by a fit to the two other thirds.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    targets : int array (n,)
    method : str

    Returns
    -------
    float64 array (n,)
    """
    calibration = methods.get(method)
    fold = np.random.default_rng(0).permutation(len(targets)) % FOLDS
    losses = np.empty(len(targets))
    for number in range(FOLDS):
        held = fold == number
        parameters = calibration.fit(logits[~held], targets[~held])
        log_p = calibration.apply(logits[held], parameters)
        losses[held] = -log_p[np.arange(held.sum()), targets[held]]
    return losses


def _chosen(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    reasons = {name: _too_few(name, logits, targets, AUTO) for name in methods.names()}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    if TEMPERATURE in left_out:
        return {**_fitted(TEMPERATURE, logits, targets), "nll": {}, "left_out": left_out}
    tried = [name for name in methods.names() if name not in left_out]
    losses = {name: cross_validated_losses(logits, targets, name) for name in tried}
    best = min(tried, key=lambda name: losses[name].mean())
    gain = losses[TEMPERATURE] - losses[best]
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        best = TEMPERATURE
    nll = {name: float(of_items.mean()) for name, of_items in losses.items()}
    return {**_fitted(best, logits, targets), "nll": nll, "left_out": left_out}


def _fitted(method: str, logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    return kept(method, methods.get(method).fit(logits, targets))


def _too_few(method: str, logits: np.ndarray, targets: np.ndarray, asked: str = "") -> str:
    """Return why there are too few items for a method, or nothing; "auto" fits two thirds of them."""
    least = methods.get(method).least
    if asked == AUTO:
        least = max(1, -(-least * FOLDS // (FOLDS - 1)))
    rarest = int(np.bincount(targets, minlength=logits.shape[1]).min()) if logits.shape[1] else 0
    if method == TEMPERATURE:
        enough = len(targets) >= FOLDS * (asked == AUTO)
        return "" if enough else f"{len(targets)} validation items are fewer than {FOLDS}"
    if rarest >= least:
        return ""
    return f"the rarest class has {rarest} validation items, and it takes {least}"
