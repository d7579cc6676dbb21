"""Groups and slices of the data that are served worse than the others, beyond chance."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of
from finetrust.report.names import subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, hits, interval_of, percent, points, quantity
from finetrust.report.verdicts.measured import measured

TOLERATED = 0.05
GRAVE = 0.20
SLICES_TOLD = 3


@finding("weak_groups", order=50)
def weak_groups(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the gap between the groups of a column, and the slices that were found to be weak."""
    main = headline_of(profile, "accuracy")
    gap = measured(profile, f"group_gap.{main.name}") if main is not None else None
    if gap is not None and gap.ci_low is not None and gap.ci_low > TOLERATED:
        yield _gap(profile, gap)
    found = [m for m in profile.axis("accuracy") if _is_found_slice(m) and not m.secondary]
    if found:
        yield _slices(profile, found)


def _gap(profile: TrustProfile, gap: Measure) -> Step:
    column, best, worst = (str(gap.details.get(key, "")) for key in ("column", "best", "worst"))
    size = points(gap.value or 0.0) if gap.unit == "%" else quantity(gap.value, gap.unit)
    noun = noun_of(profile.data)
    return Step(
        _gravity(gap.ci_low or 0.0),
        f"By “{column}”, “{worst}” is served worse than “{best}”: a gap of {size} (interval "
        f"{interval_of(gap)}).",
        f"Add training {noun} of “{worst}”, and check their labels. Until then do not rely on it "
        "there.",
    )


def _slices(profile: TrustProfile, found: list[Measure]) -> Step:
    told = [f"{subset_value(m)} ({_against(m)})" for m in found[:SLICES_TOLD]]
    more = f", and {count(len(found) - SLICES_TOLD)} more" if len(found) > SLICES_TOLD else ""
    return Step(
        _gravity(max(map(_lost, found))),
        f"More errors than chance explains: {'; '.join(told)}{more}.",
        f"Look at the {noun_of(profile.data)} of {'this slice' if len(found) == 1 else 'these slices'}, "
        "check their labels, and add such training data.",
    )


def _against(measure: Measure) -> str:
    rest = measure.details.get("rest")
    told = f"right in {count(hits(measure))} of {count(measure.n)}"
    return f"{told}, the rest in {percent(rest)}" if isinstance(rest, float) else told


def _lost(measure: Measure) -> float:
    rest = measure.details.get("rest")
    return rest - (measure.value or 0.0) if isinstance(rest, float) else TOLERATED


def _is_found_slice(measure: Measure) -> bool:
    return (
        measure.applies
        and measure.share
        and measure.details.get("found") is True
        and bool(measure.subset)
    )


def _gravity(lost: float) -> Gravity:
    if lost > GRAVE:
        return Gravity.GRAVE
    return Gravity.NOTABLE if lost >= TOLERATED else Gravity.MINOR
