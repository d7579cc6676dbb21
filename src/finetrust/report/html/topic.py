"""The part of a section that answers one question: sentences, figures of the measures, plots, tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from finetrust.core.measure import Measure, Topic
from finetrust.report.alarms import warning_of
from finetrust.report.details import confusions, diagrams_of
from finetrust.report.html.confusion import most_often_taken_for
from finetrust.report.html.figure import figures_of
from finetrust.report.html.part_grid import PartGrid, is_twice_divided, part_grids
from finetrust.report.html.subset_matrix import SubsetMatrix, subset_matrices
from finetrust.report.html.subset_table import SubsetTable, subset_tables
from finetrust.report.html.template import fill
from finetrust.report.names import is_part, subset_kind, subset_value
from finetrust.report.report_data import ReportData
from finetrust.report.topics import QUESTIONS, primary, secondary
from finetrust.report.verdicts.by_topic import topic_sentences

DRAWN_KINDS = ("baseline", "concept")
"""Parts that stand in a figure, and in no grid."""


@dataclass(frozen=True)
class Shown:
    """Measures as they are shown: whole ones, and those of parts.

    Parameters
    ----------
    whole : sequence of Measure
    tables : sequence of SubsetTable
    matrices : sequence of SubsetMatrix
    grids : sequence of PartGrid
    twice_divided : int
        How many figures of two divisions at once are shown in no grid.
    n : int
        How many measures are folded away.
    """

    whole: Sequence[Measure]
    tables: Sequence[SubsetTable]
    matrices: Sequence[SubsetMatrix] = ()
    grids: Sequence[PartGrid] = ()
    twice_divided: int = 0
    n: int = 0


def anchor_of(topic: Topic) -> str:
    """Return the anchor of what answers a question."""
    return f"topic-{topic}"


def topic_part(
    topic: Topic,
    measures: Sequence[Measure],
    data: ReportData,
    folded_kinds: Sequence[str] | None = None,
) -> Markup:
    """Return what answers one question.

    Parameters
    ----------
    topic : Topic
    measures : sequence of Measure
        All of this topic; those that are secondary are folded away.
    data : ReportData
    folded_kinds : sequence of str, optional
        If given, parts stand in grids, and those of these kinds are folded away.
    """
    profile = data.profile
    if folded_kinds is None:
        shown, folded = _shown(primary(measures), data), _folded(secondary(measures), data)
    else:
        shown, folded = _in_grids(measures, folded_kinds)
    return fill(
        "topic.html.j2",
        anchor=anchor_of(topic),
        question=QUESTIONS[topic],
        sentences=topic_sentences(topic, profile) if profile else (),
        warnings=list(dict.fromkeys(filter(None, map(warning_of, measures)))),
        figures=figures_of(measures, data),
        shown=shown,
        folded=folded,
    )


def _in_grids(measures: Sequence[Measure], folded_kinds: Sequence[str]) -> tuple[Shown, Shown]:
    """Return what every reader is shown and what is folded away; each reason is told once."""
    parts = [
        m for m in measures if is_part(m) and not (m.applies and subset_kind(m) in DRAWN_KINDS)
    ]
    open_parts = [m for m in primary(parts) if subset_kind(m) not in folded_kinds]
    whole = [m for m in primary(measures) if not is_part(m)]
    told = {m.reason for m in [*whole, *open_parts] if not m.applies}
    rest = [m for m in secondary(measures) if not is_part(m) and m.reason not in told]
    kinds = {subset_kind(m) for m in open_parts}
    folded_parts = [
        m
        for m in parts
        if m not in open_parts
        and (m.applies or m.reason not in told or subset_kind(m) not in kinds)
    ]
    return (
        Shown(whole, (), grids=part_grids(open_parts)),
        Shown(
            rest,
            (),
            grids=part_grids(folded_parts),
            twice_divided=sum(m.applies and is_twice_divided(m) for m in parts),
            n=len({m.name for m in rest if m.applies}),
        ),
    )


def _shown(measures: list[Measure], data: ReportData) -> Shown:
    return Shown(
        whole=sorted((m for m in measures if not is_part(m)), key=lambda m: not diagrams_of(m)),
        tables=subset_tables(
            [m for m in measures if is_part(m)], _taken_for(measures, data), _whole(data)
        ),
    )


def _folded(measures: list[Measure], data: ReportData) -> Shown:
    """Return measures for those who look closer: many of the same parts stand in one table."""
    matrices, rest = subset_matrices(measures)
    return replace(_shown(rest, data), matrices=matrices, n=len({m.name for m in measures}))


def _whole(data: ReportData) -> dict[str, float]:
    measures = data.profile.measures if data.profile else ()
    return {m.name: m.value for m in measures if m.value is not None and not m.subset}


def _taken_for(
    measures: Iterable[Measure], data: ReportData
) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Return what each class is taken for most often, for the first table with one row a class."""
    for confusion in confusions(data.profile) if data.profile else ():
        classes, counts = confusion.details["classes"], confusion.details["confusion"]
        taken_for = most_often_taken_for(classes, counts)
        for measure in primary(measures):
            if subset_kind(measure) == "class" and subset_value(measure) in taken_for:
                return {measure.name: ("Most often taken for", taken_for)}
    return {}
