"""What each word of one text speaks for, as a reader sees it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.models.network import Network
from finetrust.models.text_preprocessing import Text, TextPreprocessing
from finetrust.trust.interpretability.words.method import ExplainedTexts, word_methods
from finetrust.trust.interpretability.words.scores import Score, log_odds_of_class
from finetrust.trust.interpretability.words.worded import worded

_LEAST_DIFFERENCE = 1e-6


@dataclass(frozen=True)
class WordAttributions:
    """How much each piece of a text speaks for a target.

    Parameters
    ----------
    pieces : tuple of str (k,)
        Words and punctuation marks with the white space before them: joined, they are the text.
    weights : float array (k,)
    error : float or None
        By how much they miss the difference that they are to add up to, as a share of it; None where
        the method promises nothing.
    """

    pieces: tuple[str, ...]
    weights: np.ndarray
    error: float | None

    def tokens(self) -> list[list[Any]]:
        """Return pairs of piece and weight, the largest weight scaled to 1 or -1."""
        largest = float(np.abs(self.weights).max(initial=0.0)) or 1.0
        return [
            [piece, float(weight / largest)]
            for piece, weight in zip(self.pieces, self.weights, strict=True)
        ]


def word_attributions(
    network: Network,
    text: Text,
    target: int | tuple[int, int],
    method: str = "integrated_gradients",
    score: Score = log_odds_of_class,
    seed: int = 0,
) -> WordAttributions:
    """Return what the words of a text say for a target.

    Parameters
    ----------
    network : Network
        On texts, in evaluation mode.
    text : str, pair of str, or words
    target : int or tuple of int
        What `score` takes: a class, or word and tag.
    method : str
        Its registered name.
    score : callable
        What of the outputs is explained.
    seed : int
        Of what the method draws at random.

    Raises
    ------
    NotApplicable
        If the method cannot explain the network.
    """
    preprocessing = network.preprocessing
    assert isinstance(preprocessing, TextPreprocessing)
    explained = ExplainedTexts(network, score, torch.tensor([seed]))
    chosen, texts, targets = word_methods.get(method), [worded(preprocessing, text)], _row(target)
    [of_words] = chosen(explained, texts, targets)
    weights = np.zeros(len(texts[0].pieces))
    weights[list(texts[0].places)] = of_words
    promised = chosen.promised(explained, texts, targets)
    error = None if promised is None else relative_error(of_words, float(promised[0]))
    return WordAttributions(texts[0].pieces, weights, error)


def relative_error(of_words: np.ndarray, promised: float) -> float:
    """Return by how much numbers miss what they are to add up to, as a share of it."""
    return float(abs(of_words.sum() - promised) / max(abs(promised), _LEAST_DIFFERENCE))


def _row(target: int | tuple[int, int]) -> Tensor:
    return torch.tensor([target], dtype=torch.int64)
