"""A text of which some words are hidden, as the network reads it."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from finetrust.models.text_preprocessing import (
    Encoded,
    TextPreprocessing,
    standing_for_words,
    windows_of,
)
from finetrust.trust.interpretability.words.worded import Worded

Hiding = Literal["removed", "mask"]
"""How a word is hidden: its tokens are taken out and the rest moves together, or the mask token stands in
their places, padding where the tokenizer has none."""

HIDINGS: tuple[Hiding, ...] = ("removed", "mask")

Hide = Callable[[Worded, np.ndarray], Encoded]
"""From a text and a bool array (words,), which are kept, to what the network reads."""

_MASKS = ("[MASK]", "<mask>", "<MASK>", "<|mask|>")


def hiding(preprocessing: TextPreprocessing, way: Hiding) -> Hide:
    """Return what hides words in that way.

    A token that belongs to no word stays. Where outputs are of words, each word keeps its number.
    """

    def hide(text: Worded, keep: np.ndarray) -> Encoded:
        hidden = np.zeros(len(text.ids), bool)
        for word in np.flatnonzero(~keep):
            hidden[text.tokens[word]] = True
        ids, windows = text.ids, list(text.windows)
        left = np.arange(len(ids))
        if way == "mask":
            ids = np.where(hidden, stand_in, ids).astype(np.int32)
        else:
            left = np.flatnonzero(~hidden)
            windows = windows_of([text.sequences[i] for i in left], preprocessing.max_length)
        tokens = np.stack([ids, text.segments])[:, left]
        cut = tuple(tokens[:, window] for window in windows)
        if not preprocessing.words:
            return Encoded(cut)
        of_token = np.full(len(ids), -1, np.int32)
        for number, places in enumerate(text.tokens):
            of_token[places] = number
        return Encoded(cut, standing_for_words(of_token[left], windows), len(text))

    stand_in = mask_token(preprocessing)
    return hide


def mask_token(preprocessing: TextPreprocessing) -> int:
    """Return the id of the token that stands for a hidden word: the mask token, or padding."""
    found = (preprocessing.tokenizer.token_to_id(name) for name in _MASKS)
    return next((token for token in found if token is not None), preprocessing.pad_id)


def parts_of(words: int, most: int) -> np.ndarray:
    """Return the part that each word is hidden with: int64 (words,), 0, 1, ... in their order.

    Parameters
    ----------
    words : int
    most : int
        Parts at most; of no more words than that each is a part of its own.
    """
    return np.arange(words) * min(words, most) // max(words, 1)
