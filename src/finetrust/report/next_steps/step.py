"""A next step: what was found, how grave it is, and what to do about it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.core.registry import Registry

NOTHING_FOUND = "Nothing was found that must be mended before it is used on data like these."


class Gravity(IntEnum):
    """How grave a finding is."""

    MINOR = 1
    NOTABLE = 2
    GRAVE = 3

    @property
    def words(self) -> str:
        """What a reader is told."""
        return {1: "Good to know", 2: "Worth fixing", 3: "Fix before use"}[self]


@dataclass(frozen=True)
class Step:
    """One row of the table of what to do next.

    Parameters
    ----------
    gravity : Gravity
    finding : str
        One or two sentences with the figure.
    remedy : str
        What to do, in whole sentences; options and commands stand between backticks.
    """

    gravity: Gravity
    finding: str
    remedy: str


Find = Callable[[TrustProfile, Mapping[str, Any]], Iterable[Step]]


@dataclass(frozen=True)
class Finding:
    """One kind of finding.

    Parameters
    ----------
    name : str
    order : int
        Where it stands among those that are as grave.
    find : callable
        A profile and the data report of the run (JSON values, empty if there is none) to a
        :class:`Step` for each thing that it finds; nothing where all is well.
    """

    name: str
    order: int
    find: Find


findings: Registry[Finding] = Registry("finding", "finetrust.report.next_steps")


def finding(name: str, *, order: int) -> Callable[[Find], Find]:
    """Register the decorated function as one kind of finding; see :class:`Finding`."""

    def decorate(find: Find) -> Find:
        findings.add(name, Finding(name, order, find))
        return find

    return decorate


def next_steps(profile: TrustProfile, data_report: Mapping[str, Any] | None = None) -> list[Step]:
    """Return what to do next, the gravest first.

    Parameters
    ----------
    profile : TrustProfile
    data_report : mapping, optional
        The data report of the run, as JSON values.
    """
    report = data_report or {}
    kinds = sorted((kind for _, kind in findings.items()), key=lambda kind: kind.order)
    found = [step for kind in kinds for step in kind.find(profile, report)]
    return sorted(found, key=lambda step: -step.gravity)
