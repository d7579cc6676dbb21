"""A gate: a requirement on a measure; and what came of it."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from finetrust.gates.requirement import Requirement

Status = Literal["passed", "failed", "not shown", "not applicable"]


@dataclass(frozen=True)
class Gate:
    """A requirement on a measure, or on all of its parts that a pattern matches.

    Parameters
    ----------
    key : str
        ``accuracy``, ``recall[class=cat]``, ``worst_group.accuracy`` or ``recall[*]``.
    requirement : Requirement
    reason : str
        Why it is required, in the words of whoever wrote it.
    where : str
        File and line.
    """

    key: str
    requirement: Requirement
    reason: str = ""
    where: str = ""

    @property
    def name(self) -> str:
        """The measure without its part."""
        return self.key.partition("[")[0]

    @property
    def subset(self) -> str:
        """The part, or the pattern of parts; empty for all items."""
        _, bracket, rest = self.key.partition("[")
        return rest.removesuffix("]") if bracket else ""

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several parts."""
        return "*" in self.subset

    def matches(self, subset: str) -> bool:
        """Return whether a part is meant: ``*`` in the pattern stands for any text."""
        if subset == self.subset:
            return True
        pattern = ".*".join(map(re.escape, self.subset.split("*")))
        return bool(subset) and re.fullmatch(pattern, subset, re.DOTALL) is not None


@dataclass(frozen=True)
class Outcome:
    """What came of a gate on one measure.

    Parameters
    ----------
    key : str
        The measure.
    required : str
        The requirement in words.
    status : {"passed", "failed", "not shown", "not applicable"}
        "failed" where the interval lies on the wrong side, "not shown" where it lies on both.
    said : str
        Why, as a sentence.
    value, ci_low, ci_high : float or None
        What was judged: the measure, or its gain over another run.
    n : int
        How many items it rests on.
    unit : str
    reason : str
        Why it is required.
    where : str
        File and line.
    is_gain : bool
        Whether the gain over another run was judged.
    """

    key: str
    required: str
    status: Status
    said: str
    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int = 0
    unit: str = ""
    reason: str = ""
    where: str = ""
    is_gain: bool = False

    @property
    def passed(self) -> bool:
        """Whether the requirement is shown to be met."""
        return self.status == "passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class GatesResult:
    """What came of all gates of a run.

    Parameters
    ----------
    run : str
    data : str
        What the run was judged on, in words.
    outcomes : tuple of Outcome
        In the order of the file.
    """

    run: str
    data: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every requirement is shown to be met."""
        return all(outcome.passed for outcome in self.outcomes)

    @property
    def missed(self) -> Sequence[Outcome]:
        """The outcomes that did not pass."""
        return [outcome for outcome in self.outcomes if not outcome.passed]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "schema_version": 1,
            "run": self.run,
            "data": self.data,
            "passed": self.passed,
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> "GatesResult":
        """Return what :meth:`to_dict` was made of."""
        outcomes = tuple(Outcome(**outcome) for outcome in raw["outcomes"])
        return cls(raw["run"], raw["data"], outcomes)
