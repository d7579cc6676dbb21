"""One order of the candidates from many scores, with weights calibrated on finished fine-tunings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from scipy.optimize import nnls
from scipy.stats import rankdata

from finetrust.core.errors import NotApplicable
from finetrust.selection.kendall import weighted_tau

Values = Mapping[str, Mapping[str, float]]
"""Candidate -> score -> value; what does not apply is left out."""

WEIGHTS = "ensemble_weights.json"
STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0, np.inf)


@dataclass(frozen=True)
class Outcome:
    """What the scores said of candidates on one data set, and what fine-tuning came to.

    Parameters
    ----------
    values : mapping
        Candidate -> score -> value.
    accuracy : mapping
        Candidate -> figure after fine-tuning; higher is better.
    """

    values: Values
    accuracy: Mapping[str, float]


def ensemble(values: Values, weights: Mapping[str, float]) -> dict[str, float]:
    """Return one number per candidate: the weighted mean of its standings by the scores.

    The standing of a candidate by a score is its rank among those that have the score, from -1
    (last) to 1 (first), ties in the middle: scores differ by orders of magnitude and some have
    heavy tails, and only their order is meant. A score that a candidate lacks takes no part in its
    mean.

    Parameters
    ----------
    values : mapping
        Candidate -> score -> value, on one data set.
    weights : mapping
        Score -> weight, at least 0; a score without one takes no part.

    Returns
    -------
    dict
        Candidate -> from -1 to 1, higher is better; without candidates that have none of the scores.
    """
    names = [name for name, weight in weights.items() if weight > 0]
    standing = standings(values, names)
    share = np.array([weights[name] for name in names])
    present = ~np.isnan(standing)
    total = present @ share
    summed = np.where(present, standing, 0.0) @ share
    return {
        candidate: float(summed[row] / total[row])
        for row, candidate in enumerate(values)
        if total[row] > 0
    }


def standings(values: Values, names: Sequence[str]) -> np.ndarray:
    """Return the standing of each candidate by each score: float64 (candidates, scores), or NaN."""
    found = np.full((len(values), len(names)), np.nan)
    for column, name in enumerate(names):
        rows = [row for row, own in enumerate(values.values()) if name in own]
        if rows:
            given = [own[name] for own in values.values() if name in own]
            found[rows, column] = _standing(np.array(given))
    return found


@cache
def default_weights() -> Mapping[str, float]:
    """Return the weights of the scores that ``benchmarks/selection.py`` has calibrated.

    The file says on which data sets, and on how many candidates and fine-tunings.
    """
    text = files("finetrust.selection").joinpath(WEIGHTS).read_text("utf-8")
    return json.loads(text)["weights"]


def equal_weights(names: Sequence[str]) -> dict[str, float]:
    """Return the weights of scores of which nothing is known."""
    return {name: 1 / len(names) for name in names}


def calibrate(outcomes: Sequence[Outcome], names: Sequence[str]) -> dict[str, float]:
    """Return weights of the scores that foretell the order of fine-tuned candidates.

    Ridge regression of the standing by accuracy on the standings by the scores, every data set
    counting the same, with weights of at least 0 that are drawn towards equal ones::

        w = argmin over w >= 0 of  sum_D 1/|D| sum_{i in D} (a_i - sum_s w_s r_is)^2 + c |w - 1/S|^2

    divided by their sum. A missing standing counts as 0, the middle. The strength c is chosen by
    leaving each data set out in turn: the greatest whose mean weighted tau on what was left out is
    within one standard error of the best (Breiman et al. 1984, "Classification and Regression
    Trees", sec. 3.4.3), so that few data sets leave the weights near equal, and two leave them so.

    Parameters
    ----------
    outcomes : sequence of Outcome
        One of each data set.
    names : sequence of str
        Scores to weigh.

    Returns
    -------
    dict
        Score -> weight; they sum to 1.
    """
    return _fitted(outcomes, names, _strength(outcomes, names))


def held_out_taus(outcomes: Sequence[Outcome], names: Sequence[str]) -> list[float]:
    """Return the weighted tau on each data set of an ensemble that was calibrated on all others."""
    return [
        _tau(outcome, calibrate([*outcomes[:i], *outcomes[i + 1 :]], names))
        for i, outcome in enumerate(outcomes)
    ]


def _strength(outcomes: Sequence[Outcome], names: Sequence[str]) -> float:
    if len(outcomes) < 3:
        return np.inf
    held_out = np.array(
        [
            [
                _tau(outcome, _fitted([*outcomes[:i], *outcomes[i + 1 :]], names, strength))
                for i, outcome in enumerate(outcomes)
            ]
            for strength in STRENGTHS
        ]
    )
    means = held_out.mean(axis=1)
    best = int(means.argmax())
    error = held_out[best].std(ddof=1) / np.sqrt(len(outcomes))
    return max(np.array(STRENGTHS)[means >= means[best] - error].tolist())


def _tau(outcome: Outcome, weights: Mapping[str, float]) -> float:
    found = ensemble(outcome.values, weights)
    truth = [outcome.accuracy[candidate] for candidate in found]
    try:
        return weighted_tau(np.array(list(found.values())), np.array(truth))
    except NotApplicable:
        return 0.0


def _fitted(outcomes: Sequence[Outcome], names: Sequence[str], strength: float) -> dict[str, float]:
    prior = np.full(len(names), 1 / len(names))
    if np.isinf(strength):
        return dict(zip(names, prior.tolist(), strict=True))
    rows = [np.sqrt(strength) * np.eye(len(names))]
    goals = [np.sqrt(strength) * prior]
    for outcome in outcomes:
        size = np.sqrt(len(outcome.values))
        truth = np.array([outcome.accuracy[candidate] for candidate in outcome.values])
        rows.append(np.nan_to_num(standings(outcome.values, names)) / size)
        goals.append(_standing(truth) / size)
    weights = nnls(np.concatenate(rows), np.concatenate(goals))[0]
    if weights.sum() <= 0:
        weights = prior
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def _standing(values: np.ndarray) -> np.ndarray:
    n = len(values)
    return (2 * rankdata(values) - n - 1) / max(1, n - 1)
