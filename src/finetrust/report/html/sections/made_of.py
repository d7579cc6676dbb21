"""Ingredients: the runs that a soup or an ensemble was made of."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.numbers import NOTHING, number, percent
from finetrust.report.report_data import ReportData


@section("made-of", order=65, title="What it was made of")
def made_of(data: ReportData) -> Markup | None:
    """Return a table of the runs with their validation figures, where a run was made of others."""
    runs = data.record.get("made_of")
    if not runs:
        return None
    own = data.record.get("validation", {})
    names = list(dict.fromkeys([*own, *(name for run in runs for name in run["validation"])]))
    of_soup = any("soup" in run for run in runs)
    return fill(
        "sections/made_of.html.j2",
        strategy=data.strategy,
        names=[words(name) for name in names],
        rows=[_row(run, names) for run in runs],
        own=list(_figures(own, names)),
        of_soup=of_soup,
        chooses=any("taken" in run for run in runs),
        dropout=data.record.get("dropout"),
    )


def _row(run: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {
        "run": run["run"],
        "strategy": run["strategy"],
        "seed": NOTHING if run.get("seed") is None else str(run["seed"]),
        "figures": list(_figures(run["validation"], names)),
        "taken": "yes" if run.get("taken") else "no",
        "soup": list(_figures(run.get("soup", {}), names)),
    }


def _figures(found: Mapping[str, float], names: list[str]) -> Iterator[str]:
    for name in names:
        value = found.get(name)
        if value is None:
            yield NOTHING
        else:
            yield percent(value) if name != "loss" and 0 <= value <= 1 else number(value)
