"""A figure of a candidate: its value, its 95 % interval and what it rests on; or why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from finetrust.core.errors import NotApplicable


@dataclass(frozen=True)
class Figure:
    """One figure.

    Parameters
    ----------
    value, low, high : float or None
        The number and its 95 % interval; None where it does not apply.
    n : int
        How many observations it rests on.
    details : mapping
        JSON values behind it.
    reason : str
        Why it does not apply; empty where it does.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        return asdict(self)


def figure_of(find: Callable[[], Figure]) -> Figure:
    """Return what `find` returns, or the reason why it does not apply."""
    try:
        return find()
    except NotApplicable as absence:
        return Figure(reason=str(absence))
