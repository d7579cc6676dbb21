"""A kind of input: what an image or a text is to the checks, the index and ``predict``."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

Size = tuple[int, ...]
"""Extent of an input: (width, height) in pixels, (words,)."""


Found = tuple[Size, bytes, tuple[float, ...]]
"""Size, signature and figures of an input."""


class InputKind(Protocol):
    """What the shared code asks of a kind of input; one file per kind."""

    name: str
    """``"image"`` or ``"text"``."""

    plural: str
    """The noun of several, as messages use it."""

    unit: str
    """What sizes are counted in: ``"pixels"``, ``"words"``."""

    signature_bytes: int
    """Length of a signature."""

    properties: tuple[str, ...]
    """What the figures of an input are, e.g. ``"brightness"``; model failures are sought along them."""

    def inspect(self, value: Any) -> Found:
        """Return the size of an input, the signature by which near copies are found, its figures."""
        ...

    def near_pairs(self, signatures: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        """Return index pairs (k, 2) of near copies, within one set or between two.

        Parameters
        ----------
        signatures : uint8 array (n, signature_bytes)
        others : uint8 array (m, signature_bytes), optional
            With it, a pair is an index into `signatures` and one into `others`; without, i < j.
        """
        ...

    def size_text(self, size: Size) -> str:
        """Return a size as a person writes it, without its unit."""
        ...

    def memory(self, value: Any) -> int:
        """Return how many bytes a decoded input takes; 0 where decoding it again costs nothing."""
        ...

    def given(self, arguments: Sequence[str]) -> list[tuple[str, Callable[[], Any]]]:
        """Return the inputs that the arguments of ``predict`` stand for: a name, and what reads it.

        Reading raises OSError where the input cannot be read.

        Raises
        ------
        UserError
            If an argument stands for nothing.
        """
        ...
