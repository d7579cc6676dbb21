"""Changes of what is written in a text, or in each part of a pair of texts."""

from collections.abc import Callable

from finetrust.data.texts.text_kind import Text


def each_part(value: Text, change: Callable[[str], str]) -> Text:
    """Return a text changed, or a pair of texts with both changed."""
    return change(value) if isinstance(value, str) else tuple(change(part) for part in value)
