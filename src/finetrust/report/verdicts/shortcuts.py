"""Sentences on shortcuts: what the model goes by instead of the object, and what is left without it."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.numbers import counted, percent, value_of
from finetrust.report.verdicts.measured import figures, measured


def shortcut_sentences(profile: TrustProfile) -> list[str]:
    """Return the accuracy without the shortcuts where some were found, else that none was."""
    return [*_found(profile), *_beside(profile)]


def _found(profile: TrustProfile) -> list[str]:
    reliance = measured(profile, "shortcut_reliance")
    if reliance is None:
        return []
    if reliance.details.get("alarm") is not True:
        return [
            "Nothing that the images of one class have in common, such as a mark, a frame or a tint, raises "
            "an alarm."
        ]
    alarms = [m for m in profile.subsets("shortcut_reliance") if m.applies]
    told = [f"It goes by a shortcut for {counted(len(alarms), 'class', 'classes')}."]
    without = measured(profile, "accuracy_without_shortcut")
    if without is not None:
        before = without.details.get("with")
        from_ = f" instead of {percent(float(before['value']))}" if _has_value(before) else ""
        told.append(
            f"Without it, {value_of(without)} ({figures(profile, without)}) of all answers are right"
            f"{from_}."
        )
    return told


def _beside(profile: TrustProfile) -> list[str]:
    background = measured(profile, "background_reliance")
    if background is None:
        return []
    even = background.details.get("even")
    against = f"; even heat would have {percent(even)} there" if isinstance(even, float) else ""
    return [
        f"{value_of(background)} of what speaks for the true class lies beside the object "
        f"({counted_items(profile, background.n)}{against})."
    ]


def _has_value(figure: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(figure, Mapping) and isinstance(figure.get("value"), float)
