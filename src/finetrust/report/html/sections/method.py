"""Method: how each number was computed, after whom, from how many items."""

from dataclasses import dataclass

from markupsafe import Markup

from finetrust.core.measure import AXES, Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.absent import left_out, of_other_tasks
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.judged import noun_of, singular
from finetrust.report.names import AXIS_TITLES
from finetrust.report.numbers import count, counted
from finetrust.report.report_data import ReportData


@dataclass(frozen=True)
class Described:
    """One measure with all its parts: what it was computed from."""

    measure: Measure
    items: str
    reasons: tuple[str, ...]


@section("method", order=90, title="How each number was computed")
def method(data: ReportData) -> Markup | None:
    """Return every measure with its method, reference and number of items, axis by axis."""
    profile = data.profile
    if profile is None:
        return None
    axes = [
        (AXIS_TITLES[axis], described)
        for axis in AXES
        if (described := _describe(profile, profile.axis(axis)))
    ]
    return fill("sections/method.html.j2", axes=axes, left_out=left_out(profile.measures))


def _describe(profile: TrustProfile, measures: tuple[Measure, ...]) -> list[Described]:
    by_name: dict[str, list[Measure]] = {}
    for measure in measures:
        if not of_other_tasks(measure):
            by_name.setdefault(measure.name, []).append(measure)
    noun = noun_of(profile.data)
    return [
        Described(
            members[0],
            _items(members, noun),
            tuple(dict.fromkeys(m.reason for m in members if m.reason)),
        )
        for members in by_name.values()
    ]


def _items(members: list[Measure], noun: str) -> str:
    whole = [m.n for m in members if m.applies and not m.subset]
    parts = [m.n for m in members if m.applies and m.subset]
    told = [counted(whole[0], singular(noun), noun)] if whole else []
    if parts:
        low, high = count(min(parts)), count(max(parts))
        sizes = low if low == high else f"{low} to {high}"
        told.append(f"{counted(len(parts), 'part', 'parts')} of {sizes} {noun}")
    return "; ".join(told)
