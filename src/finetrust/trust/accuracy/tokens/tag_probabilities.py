"""From the logits of tags to probabilities, word by word and text by text."""

from dataclasses import dataclass

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import has_answer, log_softmax


@dataclass(frozen=True, eq=False)
class Words:
    """The words of all texts that have an answer.

    Parameters
    ----------
    text : int64 array (words,)
        The text of each word.
    log_probabilities : float64 array (words, tags)
    true : int64 array (words,)
    """

    text: np.ndarray
    log_probabilities: np.ndarray
    true: np.ndarray


def words_in(predictions: Predictions, temperature: float = 1.0) -> Words:
    """Return the words of the predictions with log-probabilities at a temperature."""
    rows = predictions["tag_logits"]
    text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    if not len(text):
        return Words(text, np.zeros((0, 1)), np.zeros(0, np.int64))
    logits = np.concatenate([row for row in rows if len(row)])
    true = np.concatenate([*predictions["true_tags"]]).astype(np.int64)
    answered = has_answer(logits)
    log_probabilities = log_softmax(logits[answered], temperature)
    return Words(text[answered], log_probabilities, true[answered])


def confidence_of_tags(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the probability of the most probable tag of each word, 0 of one without an answer.

    Parameters
    ----------
    logits : float array (words, tags)
    temperature : float

    Returns
    -------
    float64 array (words,)
    """
    answered = has_answer(logits)
    confidence = np.zeros(len(logits))
    if answered.any():
        best = log_softmax(logits[answered], temperature).max(axis=1)
        confidence[answered] = np.exp(best)
    return confidence
