"""How differences are written for people: with their sign, shares in percentage points."""

from finetrust.report.numbers import MINUS, SPACE

_POINTS = f"{SPACE}points"


def signed(difference: float, unit: str) -> str:
    """Return a difference in the unit of its measure: ``+2.3 points``, ``−0.012``."""
    return bare(difference, unit) + (_POINTS if unit == "%" else "")


def signed_interval(low: float, high: float, unit: str) -> str:
    """Return the interval of a difference: ``−0.3 to +2.1 points``."""
    return f"{bare(low, unit)} to {signed(high, unit)}"


def bare(difference: float, unit: str) -> str:
    """Return a difference without the word points: ``+2.3``, ``−0.012``, ``0``."""
    text = f"{difference * 100:+.1f}" if unit == "%" else f"{difference:+.3f}"
    return "0" if difference == 0 else text.replace("-", MINUS)
