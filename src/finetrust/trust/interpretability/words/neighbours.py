"""Texts that differ from a text by next to nothing: one word in another casing, or a comma after it."""

from collections.abc import Callable

import numpy as np

from finetrust.models.text_preprocessing import Text, TextPreprocessing
from finetrust.trust.interpretability.words.harmless import same_words
from finetrust.trust.interpretability.words.method import Maps
from finetrust.trust.interpretability.words.worded import Worded, worded

SAMPLES = 6


def neighbours(
    preprocessing: TextPreprocessing, text: Worded, seed: int, samples: int = SAMPLES
) -> list[Worded]:
    """Return texts of which one word, another each time, has its casing swapped.

    Where the tokenizer does not see that, a comma follows the word instead.

    Parameters
    ----------
    preprocessing : TextPreprocessing
    text : Worded
    seed : int
    samples : int
        At most; no more than there are words.
    """
    order = np.random.default_rng(seed % (1 << 32)).permutation(len(text))[:samples]
    found = []
    for word in order.tolist():
        for change in (str.swapcase, _with_comma):
            other = worded(preprocessing, _with_word(text, word, change))
            if not np.array_equal(other.ids, text.ids):
                found.append(other)
                break
    return found


def distances(text: Worded, of_text: np.ndarray, others: list[Worded], maps: Maps) -> np.ndarray:
    """Return how far the explanation of each neighbour lies from that of the text: float64 (m,).

    The Euclidean distance over the words that both have, as a multiple of the length of the text's
    own explanation of them (Yeh et al. 2019, definition 4.1); NaN where that is 0 or not finite.
    """
    found = np.full(len(others), np.nan)
    for i, (other, of_other) in enumerate(zip(others, maps, strict=True)):
        one, two = same_words(text, other)
        length = np.linalg.norm(of_text[one])
        if length > 0 and np.isfinite(of_other).all():
            found[i] = np.linalg.norm(of_other[two] - of_text[one]) / length
    return found


def _with_comma(word: str) -> str:
    return f"{word},"


def _with_word(text: Worded, word: int, change: Callable[[str], str]) -> Text:
    """Return a text of which one word is changed."""
    pieces = list(text.pieces)
    pieces[text.places[word]] = change(pieces[text.places[word]])
    if isinstance(text.text, str):
        return "".join(pieces)
    [between] = set(range(len(pieces))) - set(text.places)
    return "".join(pieces[:between]), "".join(pieces[between + 1 :])
