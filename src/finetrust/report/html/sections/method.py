"""Method: how each number was computed, after whom, from how many items."""

from dataclasses import dataclass

from markupsafe import Markup

from finetrust.core.measure import AXES, Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import AXIS_TITLES
from finetrust.report.numbers import count
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
    if data.profile is None:
        return None
    axes = [
        (AXIS_TITLES[axis], described)
        for axis in AXES
        if (described := _describe(data.profile, data.profile.axis(axis)))
    ]
    return fill("sections/method.html.j2", axes=axes)


def _describe(profile: TrustProfile, measures: tuple[Measure, ...]) -> list[Described]:
    by_name: dict[str, list[Measure]] = {}
    for measure in measures:
        by_name.setdefault(measure.name, []).append(measure)
    return [
        Described(
            members[0],
            _items(members),
            tuple(dict.fromkeys(m.reason for m in members if m.reason)),
        )
        for members in by_name.values()
    ]


def _items(members: list[Measure]) -> str:
    whole = [m.n for m in members if m.applies and not m.subset]
    parts = [m.n for m in members if m.applies and m.subset]
    told = [f"{count(whole[0])} items"] if whole else []
    if parts:
        low, high = count(min(parts)), count(max(parts))
        sizes = low if low == high else f"{low} to {high}"
        told.append(
            f"{count(len(parts))} {'part' if len(parts) == 1 else 'parts'} of {sizes} items"
        )
    return "; ".join(told)
