"""For whom a model works: every measure within every subgroup, the worst one, and the gap between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, Measure, MeasureDefinition
from finetrust.trust.accuracy.groups.columns import LEAST_ITEMS, Column, Group, columns_of
from finetrust.trust.accuracy.groups.part import part_of
from finetrust.trust.accuracy.groups.simultaneous import (
    GroupFigures,
    gap_of,
    highest_of,
    lowest_of,
)

_LEFT_OUT = f"Groups of fewer than {LEAST_ITEMS} items are left out."


def group_measures(
    evidence: Evidence, definitions: Sequence[MeasureDefinition], main: str
) -> Iterator[Measure]:
    """Yield measures within each value of each subgroup column, the worst group, and the gap.

    Parameters
    ----------
    evidence : Evidence
    definitions : sequence of MeasureDefinition
        Those to divide; each has a value on all the data.
    main : str
        The measure whose figures everybody reads; those of the others are for closer looks. Without
        subgroup columns it alone says so.
    """
    columns = columns_of(evidence)
    if not columns:
        definitions = [definition for definition in definitions if definition.name == main]
    found = _by_definition(evidence, definitions, columns)
    for definition in definitions:
        aside = definition.secondary or definition.name != main
        told = replace(definition, topic="groups", secondary=aside)
        members = [figure for figure in found[definition.name] if _sound(figure.estimate)]
        for figure in members:
            group = figure.group
            details = {"column": group.column, "group": group.value}
            estimate = replace(figure.estimate, subset=group.subset, details=details)
            yield told.measure(estimate)
        compared = [figure for figure in members if figure.group.large]
        yield _worst(told, compared, columns)
        yield _gap(told, compared, columns)


@dataclass(frozen=True, eq=False)
class _Figure:
    group: Group
    estimate: Estimate


def _by_definition(
    evidence: Evidence, definitions: Sequence[MeasureDefinition], columns: Iterable[Column]
) -> dict[str, list[_Figure]]:
    """Return the estimates of every definition; group by group, so that one part is kept at a time."""
    found: dict[str, list[_Figure]] = {definition.name: [] for definition in definitions}
    for group in (group for column in columns for group in column.groups):
        part = part_of(evidence, group.rows)
        for definition in (d for d in definitions if group.large or d.share):
            estimate = _whole(definition, part)
            if estimate is not None:
                found[definition.name].append(_Figure(group, estimate))
    return found


def _whole(definition: MeasureDefinition, part: Evidence) -> Estimate | None:
    try:
        first = next((e for e in definition.estimate(part) if not e.subset), None)
    except NotApplicable:
        return None
    return first if isinstance(first, Estimate) else None


def _sound(estimate: Estimate) -> bool:
    return bool(np.isfinite([estimate.value, estimate.ci_low, estimate.ci_high]).all())


def _worst(told: MeasureDefinition, compared: list[_Figure], columns: Sequence[Column]) -> Measure:
    definition = replace(
        told,
        name=f"worst_group.{told.name}",
        title=f"{told.title}: worst group",
        method=f"{told.title} in the subgroup where it is worst. The interval holds for the worst of "
        "all groups, whichever it truly is: it comes from intervals of the single groups, widened so "
        f"that all of them hold at once (Bonferroni). {_LEFT_OUT}",
        reference="Dunn 1961, JASA 56(293)",
        meaning="How good it is for the group of the data that is served worst.",
    )
    if len(compared) < 2:
        return definition.not_applicable(_why_none(columns))
    groups = _figures(told, compared)
    at, low, high = (lowest_of if told.better == "higher" else highest_of)(groups)
    worst = compared[at]
    details = {
        "column": worst.group.column,
        "group": worst.group.value,
        "groups": len(compared),
        "left_out": _left_out(columns, compared),
    }
    value, n = worst.estimate.value, worst.estimate.n
    return definition.measure(
        Estimate(value, min(low, value), max(high, value), n, details=details)
    )


def _gap(told: MeasureDefinition, compared: list[_Figure], columns: Sequence[Column]) -> Measure:
    definition = replace(
        told,
        name=f"group_gap.{told.name}",
        title=f"{told.title}: gap between groups",
        better="lower",
        share=False,
        method=f"{told.title} of the best group minus that of the worst, for the subgroup column in "
        "which they differ most. The largest of several differences is larger than the true one by "
        "chance alone; the interval allows for that (Tukey and Kramer, from the groups' own "
        f"intervals) and starts at 0 unless two groups differ by more than chance. {_LEFT_OUT}",
        reference="Kramer 1956, Biometrics 12(3); Newcombe 1998, Stat. Med. 17, method 10",
        meaning="How far the groups of the data are served differently.",
    )
    by_column = {
        column.name: [figure for figure in compared if figure.group.column == column.name]
        for column in columns
    }
    gaps = [_Gap.of(told, members) for members in by_column.values() if len(members) > 1]
    if not gaps:
        return definition.not_applicable(_why_none(columns))
    level = 1 - 0.05 / len(gaps)
    widest = max(gaps, key=lambda gap: gap.interval(level)[0])
    bounds = np.array([gap.interval(level) for gap in gaps])
    value, low, high = bounds.max(axis=0)
    best, worst = widest.ends()
    details = {
        "column": worst.group.column,
        "best": best.group.value,
        "worst": worst.group.value,
        "groups": len(widest.members),
        "left_out": _left_out(columns, compared),
    }
    n = sum(figure.estimate.n for figure in widest.members)
    return definition.measure(Estimate(float(value), float(low), float(high), n, details=details))


@dataclass(frozen=True, eq=False)
class _Gap:
    """The groups of one column that are compared."""

    members: list[_Figure]
    figures: GroupFigures
    higher: bool

    @classmethod
    def of(cls, told: MeasureDefinition, members: list[_Figure]) -> "_Gap":
        return cls(members, _figures(told, members), told.better == "higher")

    def interval(self, level: float) -> tuple[float, float, float]:
        return gap_of(self.figures, level)

    def ends(self) -> tuple[_Figure, _Figure]:
        """Return the best group and the worst."""
        order = self.figures.value.argsort(kind="stable")
        low, high = int(order[0]), int(order[-1])
        best, worst = (high, low) if self.higher else (low, high)
        return self.members[best], self.members[worst]


def _figures(told: MeasureDefinition, members: list[_Figure]) -> GroupFigures:
    estimates = [figure.estimate for figure in members]
    low = np.array([e.ci_low for e in estimates])
    return GroupFigures(
        value=np.array([e.value for e in estimates]),
        low=low,
        high=np.array([e.ci_high for e in estimates]),
        n=np.array([e.n for e in estimates]),
        share=told.share,
        # What is never below 0 in any group (a loss, an error) is not made so by widening.
        lowest=0.0 if (low >= 0).all() else -np.inf,
        highest=1.0 if told.unit == "%" else np.inf,
    )


def _left_out(columns: Sequence[Column], compared: list[_Figure]) -> int:
    return sum(column.left_out + len(column.groups) for column in columns) - len(compared)


def _why_none(columns: Sequence[Column]) -> str:
    if not columns:
        return "the evaluation data have no subgroup columns"
    return f"fewer than two subgroups have a value and at least {LEAST_ITEMS} items"
