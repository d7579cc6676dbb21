"""Sentences on for whom it is right: the weakest group of every column, and the weak slices."""

from collections.abc import Iterator

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of
from finetrust.report.names import subset_value
from finetrust.report.numbers import count, counted, hits, interval_of, percent, value_of
from finetrust.report.verdicts.measured import measured, weakest
from finetrust.report.verdicts.parts import group_parts


def group_sentences(profile: TrustProfile) -> list[str]:
    """Return for which group of each column it is weakest, and which slices were found weak."""
    return [*_groups(profile), *_slices(profile)]


def _groups(profile: TrustProfile) -> Iterator[str]:
    for column, members in group_parts(profile).items():
        lowest = weakest(tuple(members))
        if lowest is not None and len(members) > 1:
            yield (
                f"By “{column}” it is weakest for “{subset_value(lowest)}”: {_figure(lowest)} "
                f"(interval {interval_of(lowest)})."
            )


def _slices(profile: TrustProfile) -> Iterator[str]:
    main = headline_of(profile, "accuracy")
    worst = measured(profile, f"worst_slice.{main.name}") if main is not None else None
    if main is None or worst is None:
        return
    found = [m for m in profile.subsets(main.name) if m.details.get("found") is True]
    if not found:
        yield (
            f"Among {count(int(worst.details.get('slices', 0)))} slices of the data that were looked "
            "at, none has more errors than chance explains."
        )
        return
    first, rest = found[0], found[0].details.get("rest")
    against = f", against {percent(rest)} of the rest" if isinstance(rest, float) else ""
    others = counted(len(found) - 1, "more such slice was", "more such slices were")
    more = f"; {others} found" if len(found) > 1 else ""
    yield (
        f"It has a weak spot, {subset_value(first)}: right in {count(hits(first))} of "
        f"{count(first.n)}{against}{more}."
    )


def _figure(measure: Measure) -> str:
    if measure.share:
        return f"right in {count(hits(measure))} of {count(measure.n)}"
    return value_of(measure)
