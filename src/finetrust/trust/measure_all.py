"""Every registered measure of one model on one data set, and what they come to for parts of it."""

import math
from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import AXES, Absence, Measure, MeasureDefinition, measures
from finetrust.trust.accuracy.groups.group_figures import group_measures
from finetrust.trust.accuracy.groups.slice_figures import slice_measures


def measure_all(evidence: Evidence, main: str = "accuracy") -> tuple[Measure, ...]:
    """Return all measures, axis by axis and within an axis by name.

    A measure that has no meaning here is present without a value and with the reason: its
    predictions lack a column, it raised NotApplicable, or its figures are not finite. Measures of the
    accuracy axis are also computed within the subgroups of the data.

    Parameters
    ----------
    evidence : Evidence
    main : str
        The measure by which the task is judged first. Its figures of subgroups are shown to every
        reader, those of other measures to those who look closer.
    """
    found: list[Measure] = []
    divided: list[MeasureDefinition] = []
    for _, definition in measures.items():
        own = list(_measure(definition, evidence))
        found += own
        if _divided(definition) and any(m.applies and not m.subset for m in own):
            divided.append(definition)
    found += group_measures(evidence, divided, main)
    found += slice_measures(evidence, divided)
    return tuple(sorted(found, key=lambda m: (AXES.index(m.axis), m.name)))


def _divided(definition: MeasureDefinition) -> bool:
    return definition.axis == "accuracy" and definition.per_group


def _measure(definition: MeasureDefinition, evidence: Evidence) -> Iterator[Measure]:
    reason = _obstacle(definition, evidence)
    if reason:
        yield definition.not_applicable(reason)
        return
    try:
        for estimate in definition.estimate(evidence):
            if isinstance(estimate, Absence):
                yield definition.not_applicable(estimate.reason, estimate.subset)
            else:
                yield _finite(definition, definition.measure(estimate))
    except NotApplicable as error:
        yield definition.not_applicable(str(error))


def _obstacle(definition: MeasureDefinition, evidence: Evidence) -> str:
    if len(evidence.clean) == 0:
        return "there are no items"
    for need in definition.needs:
        columns = need.split("|")
        if not any(column in evidence.clean for column in columns):
            return "the predictions have no column " + " or ".join(f"'{c}'" for c in columns)
    return ""


def _finite(definition: MeasureDefinition, measured: Measure) -> Measure:
    figures = {
        "value": measured.value,
        "lower bound": measured.ci_low,
        "upper bound": measured.ci_high,
    }
    bad = [name for name, x in figures.items() if x is None or not math.isfinite(x)]
    if not bad:
        return measured
    reason = f"the {bad[0]} of the measure is {figures[bad[0]]}, not a finite number"
    return definition.not_applicable(reason, measured.subset)
