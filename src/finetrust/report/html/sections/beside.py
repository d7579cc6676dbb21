"""Next to other runs: the same measures side by side, with their intervals."""

from typing import Any

from markupsafe import Markup

from finetrust.core.measure import AXES, Axis, Measure
from finetrust.report.html.measure_bar import scale_of
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import AXIS_TITLES
from finetrust.report.report_data import ReportData
from finetrust.report.training_facts import comparable_facts
from finetrust.report.verdicts.comparison import same_data


@section("beside", order=20, title="Next to other runs")
def beside(data: ReportData) -> Markup | None:
    """Return a table with one column a run."""
    if not data.beside:
        return None
    runs = (data, *data.beside)
    facts = [comparable_facts(run) for run in runs]
    names = list(dict.fromkeys(name for fact in facts for name in fact))
    return fill(
        "sections/beside.html.j2",
        runs=runs,
        facts=[(name, [fact.get(name) for fact in facts]) for name in names],
        axes=_axes(runs, folded=False),
        folded=_axes(runs, folded=True),
        different=_judged_on_other_data(data),
    )


def _axes(runs: tuple[ReportData, ...], folded: bool) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(AXIS_TITLES[axis], rows) for axis in AXES if (rows := _rows(runs, axis, folded))]


def _rows(runs: tuple[ReportData, ...], axis: Axis, folded: bool) -> list[dict[str, Any]]:
    keys = list(
        dict.fromkeys(
            measure.key
            for run in runs
            if run.profile
            for measure in run.profile.axis(axis)
            if not measure.subset and measure.secondary == folded
        )
    )
    rows = []
    for key in keys:
        cells: list[Measure | None] = [
            run.profile[key] if run.profile and key in run.profile else None for run in runs
        ]
        found = [cell for cell in cells if cell is not None and cell.applies]
        if found:
            rows.append({"measure": found[0], "cells": cells, "span": scale_of(found)})
    return rows


def _judged_on_other_data(data: ReportData) -> list[str]:
    """Return the runs whose figures cannot be compared with those of this one."""
    profile = data.profile
    if profile is None:
        return []
    return [run.name for run in data.beside if run.profile and not same_data(profile, run.profile)]
