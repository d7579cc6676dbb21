"""Changes that leave what a text says as it is, and which words are then still the same."""

from collections.abc import Callable, Mapping
from difflib import SequenceMatcher

import numpy as np

from finetrust.models.text_preprocessing import Text
from finetrust.trust.interpretability.words.worded import Worded

_MARKS = ".!?"


def _full_stop(text: str) -> str:
    """Add a full stop, or take the mark away that ends the text."""
    whole = text.rstrip()
    return whole.rstrip(_MARKS) if whole.endswith(tuple(_MARKS)) else f"{whole}."


def _quotes(text: str) -> str:
    return f'"{text}"'


def _spaces(text: str) -> str:
    return text.replace(" ", "  ")


CHANGES: Mapping[str, Callable[[str], str]] = {
    "full_stop": _full_stop,
    "quotes": _quotes,
    "spaces": _spaces,
    "lower_case": str.lower,
}
"""By name: a full stop more or less at the end, quotes around the text, every space doubled, no capitals.
What the tokenizer does not see alters nothing."""


def changed(text: Text, name: str) -> Text:
    """Return a text, or each of a pair, under the change of that name."""
    change = CHANGES[name]
    return change(text) if isinstance(text, str) else tuple(map(change, text))


def same_words(text: Worded, other: Worded) -> tuple[np.ndarray, np.ndarray]:
    """Return which words of one text are which of the other: two int64 arrays (k,), in their order.

    The longest common runs, whatever the casing.
    """
    one, two = ([word.casefold() for word in t.words] for t in (text, other))
    blocks = SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
    pairs = [(b.a + i, b.b + i) for b in blocks for i in range(b.size)]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
