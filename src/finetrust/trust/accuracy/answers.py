"""What single answers of a classifier come to: computed once, in chunks, for all measures.

A million items of a hundred classes are 800 MB of probabilities; of an answer little is needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import has_answer, log_probabilities

CELLS_AT_ONCE = 1 << 22


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
            (rows, *_of_chunk(logits, log_p, targets))
            for rows, logits, log_p, targets in chunks(predictions, calibration)
        ]
        if not parts:
            raise NotApplicable("the model returned NaN or infinity for every item")
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def chunks(
    predictions: Predictions, calibration: Mapping[str, Any]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows, logits, log-probabilities (float64) and targets of the items with an answer."""
    answered = np.flatnonzero(has_answer(predictions["logits"]))
    at_once = max(1, CELLS_AT_ONCE // max(1, predictions["logits"].shape[1]))
    for start in range(0, len(answered), at_once):
        rows = answered[start : start + at_once]
        logits = predictions["logits"][rows]
        yield rows, logits, log_probabilities(logits, calibration), predictions["target"][rows]


@once
def answers_of(evidence: Evidence) -> Answers:
    """Return the answers of the clean items, with the probabilities that ``predict`` shows."""
    return Answers.of(evidence.clean, evidence.calibration)


@once
def uncalibrated_answers_of(evidence: Evidence) -> Answers:
    """Return the answers of the clean items, with the model's own probabilities."""
    return Answers.of(evidence.clean, {})


def _of_chunk(logits: np.ndarray, log_p: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, ...]:
    item = np.arange(len(target))
    p = np.exp(log_p)
    predicted = log_p.argmax(axis=1)
    of_target = log_p[item, target]
    confidence, target_probability = p[item, predicted], p[item, target]
    squared = (p**2).sum(axis=1)
    earlier = np.arange(p.shape[1]) < target[:, None]
    above = (log_p > of_target[:, None]) | ((log_p == of_target[:, None]) & earlier)
    entropy = -np.where(p > 0, p * log_p, 0.0).sum(axis=1)
    second = np.partition(p, -2, axis=1)[:, -2] if p.shape[1] > 1 else confidence
    return (
        target,
        predicted,
        predicted == target,
        confidence,
        target_probability,
        -of_target,
        squared - 2 * target_probability + 1,
        above.sum(axis=1),
        entropy,
        confidence - second,
        -logsumexp(logits.astype(np.float64), axis=1),
    )
