"""What a profile itself says of its task: the main measure of an axis, and what its items are."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Axis, Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.absent import of_other_tasks
from finetrust.report.numbers import counted

HEADLINES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "stability": "corruption_accuracy",
    "interpretability": "faithfulness_gain",
    "data": "train_overlap",
}


def headline_of(profile: TrustProfile, axis: Axis) -> Measure | None:
    """Return the measure that stands for an axis, also where it does not apply; None without one."""
    name = {**HEADLINES, **profile.data.get("headlines", {})}.get(axis)
    if name is not None:
        return next((m for m in profile.measures if m.key == name), None)
    return next((m for m in profile.axis(axis) if not m.subset and m.applies), None)


def measures_of(profile: TrustProfile, axis: Axis) -> list[Measure]:
    """Return the measures of an axis that are made for the task, the main one with its parts first."""
    main = headline_of(profile, axis)
    found = [m for m in profile.axis(axis) if not of_other_tasks(m)]
    return sorted(found, key=lambda m: main is None or m.name != main.name)


def noun_of(facts: Mapping[str, Any]) -> str:
    """Return what the inputs are called, in the plural, by the facts of a profile or data report."""
    return str(facts.get("inputs") or "items")


def singular(noun: str) -> str:
    """Return the noun of one of the inputs."""
    return noun.removesuffix("s")


def counted_items(profile: TrustProfile, n: int) -> str:
    """Return a count of the items that were judged with their noun: ``200 images``."""
    noun = noun_of(profile.data)
    return counted(n, singular(noun), noun)
