"""Text whose pieces are coloured by how much they spoke for an answer, or against it."""

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from finetrust.report.names import printable
from finetrust.report.numbers import MINUS

STRONGEST = 0.85
FAINTEST = 0.02


def weighted_text(tokens: Sequence[Sequence[Any]]) -> Markup:
    """Return a text, orange where it spoke for the answer and blue where it spoke against it.

    Parameters
    ----------
    tokens : sequence of (str, float) pairs
        The pieces in their order, and weights in [-1, 1]; a line break alone starts a new line. Where
        no piece has white space at an end, they are set apart by spaces.
    """
    pieces = [(_one_line(str(text)), float(weight)) for text, weight in tokens]
    spaced = any(text[:1] == " " or text[-1:] == " " for text, _ in pieces)
    return Markup("" if spaced else " ").join(_piece(text, weight) for text, weight in pieces)


def _one_line(text: str) -> str:
    return text if text == "\n" else re.sub(r"\s+", " ", text)


def _piece(text: str, weight: float) -> Markup:
    inner = text.strip()
    before, after = (" " if end == " " else "" for end in (text[:1], text[-1:]))
    if not inner:
        return Markup("<br>") if text == "\n" else Markup(before)
    shown = escape(printable(inner))
    if abs(weight) < FAINTEST:
        return Markup(f'{before}<span title="0">{shown}</span>{after}')
    kind = "for" if weight > 0 else "against"
    opacity = STRONGEST * min(1.0, abs(weight))
    number = f"{weight:+.2f}".replace("-", MINUS)
    return Markup(
        f'{before}<span class="token {kind}" style="--weight: {opacity:.2f}" title="{number}">'
        f"{shown}</span>{after}"
    )
