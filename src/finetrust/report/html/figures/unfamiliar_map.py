"""How well unfamiliar inputs are told from familiar ones: one row a set of inputs, one column a score."""

from collections.abc import Iterator, Sequence

from finetrust.core.measure import Measure
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.names import term
from finetrust.report.numbers import counted, interval_of, value_of
from finetrust.report.plots.heat_map import Cell, heat_map
from finetrust.report.report_data import ReportData

AUROC = "ood_auroc_"


@figure("unfamiliar_map", order=130)
def unfamiliar_map(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the map of all sets and scores, if there are some."""
    cells = {(m.name, *found): m for m in measures if (found := _set_and_score(m)) is not None}
    if not cells:
        return
    sets = sorted({(name, of) for name, of, _ in cells}, key=lambda s: (s[0] != f"{AUROC}near", s))
    scores = sorted({score for _, _, score in cells})
    chosen = {
        m.details.get("chosen") for m in measures if m.name.startswith(AUROC) and not m.subset
    }
    several = len({name for name, _ in sets}) > 1
    used = " or ".join(term(str(score)) for score in sorted(map(str, chosen - {None})))
    rows = [[_cell(cells.get((*row, score))) for score in scores] for row in sets]
    drawn = heat_map(
        rows,
        rows=[
            f"{term(of)} ({name.removeprefix(AUROC)})" if several else term(of) for name, of in sets
        ],
        columns=[term(score) for score in scores],
        title="How often an unfamiliar input looks stranger than a familiar one, by set and score",
        size=(66, 34),
        slanted=True,
        longest=26,
    )
    yield Figure(
        "Which unfamiliar inputs are told, and by which score",
        "How often an unfamiliar input looks stranger than an ordinary one; 50\N{NO-BREAK SPACE}% would be "
        "chance and has no colour. Near inputs resemble the data but are of unknown classes, far ones are "
        f"quite unlike it. The score that predict goes by, chosen without any of these inputs: {used}.",
        fill("figures/scrolled.html.j2", drawn=drawn),
    )


def _set_and_score(measure: Measure) -> tuple[str, str] | None:
    """Return the set and the score of an AUROC of one set by one score."""
    if not measure.name.startswith(AUROC) or not measure.subset.startswith("set="):
        return None
    of, mark, score = measure.subset.removeprefix("set=").rpartition(",score=")
    return (of, score) if mark else None


def _cell(measure: Measure | None) -> Cell:
    if measure is None or measure.value is None:
        return Cell(None, "")
    told = f"{value_of(measure)}, interval {interval_of(measure)}, {counted(measure.n, 'item', 'items')}"
    return Cell(2 * measure.value - 1, value_of(measure), told)
