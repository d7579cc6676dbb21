"""What single answers of a classifier come to: computed once, in chunks, for all measures.

A million items of a hundred classes are 800 MB of probabilities; of an answer little is needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import (
    NO_ANSWER,
    has_answer,
    keeps_answers,
    log_probabilities,
    predicted_classes,
)

# A megabyte of float64, which stays in the cache of a processor core.
CELLS_AT_ONCE = 1 << 17


@dataclass(frozen=True, eq=False)
class Answers:
    """The items with an answer (finite logits); all arrays are (m,).

    Parameters
    ----------
    rows : int array
        Which items of the predictions they are.
    target : int array
    predicted : int array
        The most probable class.
    right : bool array
    confidence : float64 array
        Probability of the predicted class.
    target_probability : float64 array
    loss : float64 array
        -log(probability of the target), in nats.
    brier : float64 array
        Squared distance of the probabilities from the truth, summed over the classes.
    target_rank : int array
        How many classes are more probable than the target, ties with a lower index among them.
    entropy : float64 array
        Of the probabilities, in nats.
    margin : float64 array
        Probability of the predicted class minus that of the second (0 with one class).
    energy : float64 array
        Negative log-sum-exp of the logits as the model returned them (Liu et al. 2020, eq. 4).
    """

    rows: np.ndarray
    target: np.ndarray
    predicted: np.ndarray
    right: np.ndarray
    confidence: np.ndarray
    target_probability: np.ndarray
    loss: np.ndarray
    brier: np.ndarray
    target_rank: np.ndarray
    entropy: np.ndarray
    margin: np.ndarray
    energy: np.ndarray

    @classmethod
    def of(cls, predictions: Predictions, calibration: Mapping[str, Any]) -> "Answers":
        """Read them off predictions with the columns ``logits`` and ``target``.

        Raises
        ------
        NotApplicable
            If no item has an answer.
        """
        parts = [
            (rows, *_of_chunk(logits, log_p, targets, keeps_answers(calibration)))
            for rows, logits, log_p, targets in chunks(predictions, calibration)
        ]
        if not parts:
            raise NotApplicable("the model returned NaN or infinity for every item")
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def chunks(
    predictions: Predictions, calibration: Mapping[str, Any]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows, logits, log-probabilities (float64) and targets of the items with an answer."""
    everything = predictions["logits"]
    at_once = max(1, CELLS_AT_ONCE // max(1, everything.shape[1]))
    for start in range(0, len(predictions), at_once):
        logits = everything[start : start + at_once]
        rows = start + np.flatnonzero(has_answer(logits))
        if len(rows):
            logits = logits if len(rows) == len(logits) else everything[rows]
            yield rows, logits, log_probabilities(logits, calibration), predictions["target"][rows]


@once
def answers_of(evidence: Evidence) -> Answers:
    """Return the answers of the clean items, with the probabilities that ``predict`` shows."""
    return Answers.of(evidence.clean, evidence.calibration)


@once
def uncalibrated_answers_of(evidence: Evidence) -> Answers:
    """Return the answers of the clean items, with the model's own probabilities."""
    if not evidence.calibration:
        return answers_of(evidence)
    return Answers.of(evidence.clean, {})


@once
def decisions_of(evidence: Evidence) -> np.ndarray:
    """Return the class that the model decides for, ``NO_ANSWER`` without one: int array (n,)."""
    clean, calibration = evidence.clean, evidence.calibration
    if "logits" not in clean or keeps_answers(calibration):
        return predicted_classes(clean)
    found = np.full(len(clean), NO_ANSWER)
    for rows, _, log_p, _ in chunks(clean, calibration):
        found[rows] = log_p.argmax(axis=1)
    return found


def _of_chunk(
    logits: np.ndarray, log_p: np.ndarray, target: np.ndarray, keeps: bool
) -> tuple[np.ndarray, ...]:
    item = np.arange(len(target))
    # Of logits that differ by less than the rounding of probabilities, the larger one still wins.
    scores = logits if keeps else log_p
    predicted = scores.argmax(axis=1)
    p = np.exp(log_p)
    of_target = log_p[item, target]
    confidence, target_probability = p[item, predicted], p[item, target]
    squared = np.einsum("ij,ij->i", p, p)
    entropy = -np.einsum("ij,ij->i", p, log_p)
    p[item, predicted] = -1
    second = p.max(axis=1) if p.shape[1] > 1 else confidence
    return (
        target,
        predicted,
        predicted == target,
        confidence,
        target_probability,
        -of_target,
        squared - 2 * target_probability + 1,
        _rank(scores, target),
        entropy,
        confidence - second,
        _energy(logits),
    )


def _rank(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return how many classes stand before the target: int array (m,)."""
    of_target = scores[np.arange(len(target)), target][:, None]
    rank = np.count_nonzero(scores > of_target, axis=1)
    equal = scores == of_target
    tied = np.flatnonzero(np.count_nonzero(equal, axis=1) > 1)
    rank[tied] += (equal[tied] & (np.arange(scores.shape[1]) < target[tied, None])).sum(axis=1)
    return rank


def _energy(logits: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    largest = logits.max(axis=1)
    with np.errstate(over="ignore"):
        return -largest - np.log(np.exp(logits - largest[:, None]).sum(axis=1))
