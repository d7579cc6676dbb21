"""Every registered measure of one model on one data set."""

import math
from collections.abc import Iterator
from dataclasses import replace

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import AXES, Measure, MeasureDefinition, measures


def measure_all(evidence: Evidence) -> tuple[Measure, ...]:
    """Return all measures, axis by axis and within an axis by name.

    A measure that has no meaning here is present without a value and with the reason: its
    predictions lack a column, it raised NotApplicable, or its figures are not finite.
    """
    definitions = sorted(
        (definition for _, definition in measures.items()), key=lambda d: AXES.index(d.axis)
    )
    return tuple(m for definition in definitions for m in _measure(definition, evidence))


def _measure(definition: MeasureDefinition, evidence: Evidence) -> Iterator[Measure]:
    reason = _obstacle(definition, evidence)
    if reason:
        yield definition.not_applicable(reason)
        return
    try:
        for estimate in definition.estimate(evidence):
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
    return replace(definition.not_applicable(reason), subset=measured.subset)
