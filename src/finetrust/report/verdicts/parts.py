"""The parts of the data for which verdicts tell where a model is weakest: classes and subgroups."""

from collections.abc import Iterable

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of
from finetrust.report.names import subset_kind


def class_parts(profile: TrustProfile) -> tuple[Measure, ...]:
    """Return one figure a class: the parts of the main measure, or the shares of single classes.

    A subgroup column may be called "class" too: of several shares by class the first one counts.
    """
    main = headline_of(profile, "accuracy")
    own = _of_first_kind(_undivided(profile.subsets(main.name))) if main else ()
    if own or main is None or not main.share:
        return own
    shares = [
        m
        for m in _undivided(profile.axis("accuracy"))
        if m.share and subset_kind(m) == "class" and not m.secondary
    ]
    return tuple(m for m in shares if m.name == shares[0].name)


def group_parts(profile: TrustProfile) -> dict[str, list[Measure]]:
    """Return the main measure within subgroups, by the column that the data were divided by."""
    main = headline_of(profile, "accuracy")
    columns: dict[str, list[Measure]] = {}
    for measure in profile.subsets(main.name) if main else ():
        if measure.topic == "groups" and "column" in measure.details:
            columns.setdefault(str(measure.details["column"]), []).append(measure)
    return columns


def _undivided(measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """Return the measures without those of the subgroups and slices that the data were divided into."""
    return tuple(m for m in measures if m.topic != "groups")


def _of_first_kind(parts: tuple[Measure, ...]) -> tuple[Measure, ...]:
    return tuple(m for m in parts if subset_kind(m) == subset_kind(parts[0]))
