"""What is kept of the validation scores, so that a model folder alone gives sets of any coverage.

Of the upper half of the sorted scores at most a few hundred are kept, as JSON: those of whole percents of
coverage exactly, and in between so densely that the share of misses that is meant is kept to 3 %. A
coverage takes the next higher score that is kept, rounded up, so that its promise holds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.answers import Answers
from finetrust.trust.accuracy.calibration.calibrate import EVERY, Calibrator, calibrators
from finetrust.trust.accuracy.conformal.quantile import rank_for
from finetrust.trust.accuracy.conformal.set_methods import (
    ADAPTIVE,
    METHODS,
    RankedClasses,
    lac_scores,
)
from finetrust.trust.accuracy.conformal.sets import adaptive_scores, lac_scores_of_targets

LOWEST_COVERAGE = 0.5
_DIGITS = 8
_BETWEEN = 300


def kept_of(scores: np.ndarray) -> dict[str, Any]:
    """Return what is kept of validation scores (n,): their number, ranks from 1, and scores there.

    Infinite scores are left out; no coverage that needs one can be given.
    """
    n, finite = len(scores), int(np.isfinite(scores).sum())
    percents = [rank_for(n, percent / 100) for percent in range(50, 100)]
    from_the_top = np.geomspace(1, max(1, n / 2 + 1), _BETWEEN)
    ranks = np.unique([*percents, *(n + 1 - np.round(from_the_top)).astype(int)])
    ranks = ranks[(ranks >= 1) & (ranks <= finite)]
    return {
        "n": n,
        "ranks": ranks.tolist(),
        "scores": [_rounded_up(x) for x in np.sort(scores)[ranks - 1].tolist()],
    }


def threshold_kept(kept: Mapping[str, Any], coverage: float) -> float:
    """Return the threshold of a coverage from what is kept.

    Raises
    ------
    UserError
        If so few validation items cannot give it, or it is below ``LOWEST_COVERAGE``.
    """
    n, ranks = kept["n"], kept["ranks"]
    if coverage < LOWEST_COVERAGE:
        raise UserError(
            f"a coverage of {coverage:g} is below {LOWEST_COVERAGE:g}, the lowest that is kept",
            f"Choose one from {LOWEST_COVERAGE:g} on.",
        )
    at = int(np.searchsorted(ranks, rank_for(n, coverage)))
    if at == len(ranks):
        highest = ranks[-1] / (n + 1) if ranks else 0.0
        if highest < LOWEST_COVERAGE:
            raise UserError(
                f"this model was tuned with {n} validation items, too few for any coverage",
                "Tune it again with more validation data.",
            )
        raise UserError(
            f"a coverage of {coverage:g} takes more than the {n} validation items of this model",
            f"Choose at most {np.floor(highest * 1e4) / 1e4:g}.",
        )
    return float(kept["scores"][at])


def fit_sets(validation: Predictions) -> dict[str, Any]:
    """Return the kept scores of every method under ``conformal``, for predictions with logits."""
    try:
        answers = Answers.of(validation, {})
    except NotApplicable:
        return {}
    scores = {"lac": lac_scores_of_targets(validation, answers)}
    for (name, randomised), found in adaptive_scores(validation, answers, None).items():
        if not randomised:
            scores[name] = found
    return {"conformal": {name: kept_of(found) for name, found in scores.items()}}


calibrators.add("conformal", Calibrator(("target", "logits"), fit_sets, method=EVERY))


def class_sets(logits: np.ndarray, method: str, limit: float) -> list[np.ndarray]:
    """Return the classes in the set of each item, the most probable first: int arrays.

    Parameters
    ----------
    logits : float64 array (n, classes)
        Finite.
    method : str
        One of ``METHODS``.
    limit : float
        Of `threshold_kept`.
    """
    largest = logits.max(axis=1, keepdims=True)
    energy = -largest[:, 0] - np.log(np.exp(logits - largest).sum(axis=1))
    scores = lac_scores(energy, logits)
    order = np.argsort(-logits, axis=1, kind="stable")
    in_order = np.take_along_axis(scores, order, axis=1)
    if method != "lac":
        in_order = ADAPTIVE[method](RankedClasses.of(-in_order), 0.0)
    held = np.count_nonzero(in_order <= limit, axis=1)
    return [row[:size] for row, size in zip(order, held, strict=True)]


def require_method(method: str) -> None:
    """Raise UserError for a method that there is not."""
    if method not in METHODS:
        raise UserError(f"unknown set method '{method}'", f"Choose among {', '.join(METHODS)}.")


def _rounded_up(score: float) -> float:
    """Return the score with a few digits, and not less than it is."""
    if score == 0:
        return 0.0
    rounded = float(f"{score:.{_DIGITS - 1}e}")
    step = 10.0 ** (int(np.floor(np.log10(abs(score)))) - _DIGITS + 1)
    return rounded if rounded >= score else max(score, float(f"{score + step:.{_DIGITS - 1}e}"))
