"""A requirement on a measure: a bound, or a comparison with another run."""

import re
from dataclasses import dataclass
from typing import Literal

from finetrust.core.errors import UserError

Operator = Literal["<", "<=", ">", ">="]

_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)"
_BOUND = re.compile(rf"(<=|>=|<|>|≤|≥)\s*{_NUMBER}")
_NOT_WORSE = re.compile(rf"not\s+worse\s+than\s+(.+?)\s+by\s+(?:less\s+than\s+)?{_NUMBER}", re.I)
_BETTER = re.compile(rf"better\s+than\s+(.+?)(?:\s+by\s+(?:more\s+than\s+)?{_NUMBER})?", re.I)
_ODD_UNIT = re.compile(
    rf"(?:not\s+worse|better)\s+than\s+(?!['\"]).+?\s+by\s+(?:(?:less|more)\s+than\s+)?{_NUMBER}\s*"
    r"([^\W\d]\S*)",
    re.I,
)
_BARE = re.compile(_NUMBER)
_MEND = (
    "Write '< 0.05', '>= 90 %', 'not worse than RUN by 0.01' or 'better than RUN', in the unit of the "
    "measure."
)


@dataclass(frozen=True)
class Bound:
    """A measure must lie on one side of a number.

    Parameters
    ----------
    operator : {"<", "<=", ">", ">="}
    limit : float
    percent : bool
        Whether the limit was written in percents.
    """

    operator: Operator
    limit: float
    percent: bool = False

    @property
    def upward(self) -> bool:
        """Whether larger values are better for it."""
        return self.operator.startswith(">")

    def holds(self, value: float) -> bool:
        """Return whether a value meets the requirement."""
        if self.operator == "<":
            return value < self.limit
        if self.operator == "<=":
            return value <= self.limit
        return value > self.limit if self.operator == ">" else value >= self.limit

    def __str__(self) -> str:
        return f"{self.operator} {written(self.limit, self.percent)}"


@dataclass(frozen=True)
class Versus:
    """A measure must not be worse than that of another run by some margin, or must be better.

    Parameters
    ----------
    run : str
        The other run, as the user wrote it.
    gain : float
        The gain over it must be above this number: negative for "not worse by".
    percent : bool
        Whether the margin was written in percents.
    """

    run: str
    gain: float
    percent: bool = False

    @property
    def bound(self) -> Bound:
        """The requirement on the gain over the other run."""
        return Bound(">", self.gain, self.percent)

    def __str__(self) -> str:
        if self.gain < 0:
            return f"not worse than {self.run} by {written(-self.gain, self.percent)}"
        by = f" by {written(self.gain, self.percent)}" if self.gain else ""
        return f"better than {self.run}{by}"


Requirement = Bound | Versus


def parse(text: str) -> Requirement:
    """Return the requirement that a text states.

    Raises
    ------
    UserError
        If it states none.
    """
    text = " ".join(text.split())
    if found := _BOUND.fullmatch(text):
        operator, number, percent = found.groups()
        simple = {"≤": "<=", "≥": ">="}.get(operator, operator)
        return Bound(simple, _value(number, percent), bool(percent))  # type: ignore[arg-type]
    if found := _NOT_WORSE.fullmatch(text):
        run, number, percent = found.groups()
        margin = _value(number, percent)
        if margin <= 0:
            raise UserError(
                f"'{text}' leaves no margin",
                f"Give one above 0, or write 'better than {run}'.",
            )
        return Versus(_unquoted(run), -margin, bool(percent))
    _refuse_unknown_unit(text)
    if text.lower().startswith("not worse than "):
        raise UserError(
            f"'{text}' does not say by how much",
            "Add a margin in the unit of the measure: 'not worse than RUN by 0.01'.",
        )
    if found := _BETTER.fullmatch(text):
        run, number, percent = found.groups()
        margin = _value(number, percent) if number else 0.0
        if margin < 0:
            raise UserError(
                f"'{text}' has a negative margin",
                f"Write 'not worse than {run} by {-margin:g}'.",
            )
        return Versus(_unquoted(run), margin, bool(percent))
    if _BARE.fullmatch(text):
        raise UserError(
            f"'{text}' does not say which side is good", f"Write '> {text}' or '< {text}'."
        )
    raise UserError(f"'{text}' is no requirement", _MEND)


def written(value: float, percent: bool) -> str:
    """Return a limit as the user wrote it."""
    return f"{value * 100:.10g} %" if percent else f"{value:.10g}"


def _refuse_unknown_unit(text: str) -> None:
    if found := _ODD_UNIT.fullmatch(text):
        raise UserError(
            f"'{text}' has a margin in '{found[3]}', which is no known unit",
            "Give it in the unit of the measure, or in %: 'by 0.01' or 'by 1 %'.",
        )


def _value(number: str, percent: str) -> float:
    return float(number) / 100 if percent else float(number)


def _unquoted(run: str) -> str:
    quoted = len(run) > 1 and run[0] == run[-1] and run[0] in "'\""
    return run[1:-1] if quoted else run
