"""The parts of the data for which verdicts tell where a model is weakest: classes and subgroups."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of
from finetrust.report.names import subset_kind


def class_parts(profile: TrustProfile) -> tuple[Measure, ...]:
    """Return one figure a class: the parts of the main measure, or the shares of single classes.

    A subgroup column may be called "class" too: of several shares by class the first one counts.
    """
    main = headline_of(profile, "accuracy")
    own = _of_first_kind(profile.subsets(main.name)) if main else ()
    if own or main is None or not main.share:
        return own
    shares = [m for m in profile.axis("accuracy") if m.share and subset_kind(m) == "class"]
    return tuple(m for m in shares if m.name == shares[0].name)


def group_parts(profile: TrustProfile) -> dict[str, list[Measure]]:
    """Return the shares of subgroups by the column that the data were divided by."""
    taken = {m.name for m in class_parts(profile)}
    columns: dict[str, list[Measure]] = {}
    for measure in profile.axis("accuracy"):
        if measure.share and measure.subset and measure.name not in taken:
            columns.setdefault(subset_kind(measure), []).append(measure)
    return columns


def _of_first_kind(parts: tuple[Measure, ...]) -> tuple[Measure, ...]:
    return tuple(m for m in parts if subset_kind(m) == subset_kind(parts[0]))
