"""Preprocessing in words: how an input becomes what the network takes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from finetrust.report.names import words

_DIGEST = re.compile(r"[0-9a-f]{40,}")
_COLOURS = ("mean", "std")
_CROP = ("resize", "input_size", "interpolation")


def preprocessing_in_words(how: Mapping[str, Any]) -> str:
    """Return what a preprocessing says of itself on one line.

    Parameters
    ----------
    how : mapping
        JSON values. Images cut out of the middle and colours that are standardised have words of
        their own; everything else is told by its key.
    """
    told, left = [], dict(how)
    if all(left.get(key) is not None for key in _CROP):
        resize, size, interpolation = (left.pop(key) for key in _CROP)
        told.append(
            f"shorter side to {_text(resize)} px ({interpolation}), centre {_text(size)} px"
        )
    if all(key in left for key in _COLOURS):
        mean, deviation = (left.pop(key) for key in _COLOURS)
        colours = [f"minus mean {_text(mean)}, divided by {_text(deviation)}"]
    else:
        colours = []
    rest = [f"{words(key).lower()} {_text(value)}" for key, value in left.items() if value != ""]
    return ", ".join([*told, *rest, *colours])


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return preprocessing_in_words(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_text, value))
    digest = isinstance(value, str) and _DIGEST.fullmatch(value)
    return f"{value[:12]}…" if digest else str(value)
