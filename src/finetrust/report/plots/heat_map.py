"""Heat map: a table of shares as coloured cells, e.g. confusions or accuracy by severity."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.report.names import shortened
from finetrust.report.plots import svg

LETTER = 6.9
LONGEST = 18
SMALLEST = 0.83


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters
    ----------
    share : float or None
        How strong its colour is, 0 to 1; None leaves it empty.
    text : str
    hint : str
        Shown where the pointer rests.
    kind : str
        Its colour: ``"good"`` (blue) or ``"bad"`` (orange).
    """

    share: float | None
    text: str
    hint: str = ""
    kind: str = "good"


def heat_map(
    cells: Sequence[Sequence[Cell]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    row_label: str = "",
    column_label: str = "",
    size: tuple[int, int] = (44, 36),
    slanted: bool = False,
    longest: int = LONGEST,
) -> Markup:
    """Return the cells with the names of rows and columns.

    Parameters
    ----------
    cells : sequence of sequence of Cell (rows, columns)
    rows, columns : sequence of str
    title : str
    row_label, column_label : str
        What the rows and the columns are.
    size : (int, int)
        Width and height of a cell.
    slanted : bool
        Whether the names of the columns stand upright, because they are long.
    longest : int
        Letters of a name that are shown.
    """
    row_names = [shortened(name, longest) for name in rows]
    column_names = [shortened(name, longest) for name in columns]
    wide, high = size
    left = 12 + LETTER * max([len(name) for name in row_names] + [len(row_label), 2])
    tall = LETTER * max(len(name) for name in column_names)
    top = (22 if column_label else 6) + (10 + tall if slanted else 20)
    width, height = left + wide * len(columns) + 4, top + high * len(rows) + 4
    labels = []
    if column_label:
        middle = left + wide * len(columns) / 2
        labels.append(svg.text(middle, 13, column_label, "axis-label", text_anchor="middle"))
    if row_label:
        labels.append(svg.text(left - 8, top - 8, row_label, "axis-label", text_anchor="end"))
    labels += [
        _column_name(left + wide * (c + 0.5), top - 8, name, full, slanted)
        for c, (name, full) in enumerate(zip(column_names, columns, strict=True))
    ]
    labels += [
        svg.group(
            svg.text(left - 8, top + high * (r + 0.5) + 4, name, "name", text_anchor="end"),
            hint=full,
        )
        for r, (name, full) in enumerate(zip(row_names, rows, strict=True))
    ]
    drawn = [
        _cell(left + wide * c, top + high * r, wide, high, cell)
        for r, row in enumerate(cells)
        for c, cell in enumerate(row)
    ]
    return svg.drawing(
        width, height, *labels, *drawn, kind="heat-map", title=title, least=SMALLEST * width
    )


def _column_name(x: float, y: float, name: str, full: str, slanted: bool) -> Markup:
    if slanted:
        turned = f"rotate(-90 {x:.2f} {y:.2f})"
        return svg.group(svg.text(x + 4, y, name, "name", transform=turned), hint=full)
    return svg.group(svg.text(x, y, name, "name", text_anchor="middle"), hint=full)


def _cell(x: float, y: float, wide: int, high: int, cell: Cell) -> Markup:
    if cell.share is None:
        return svg.rect(x + 1, y + 1, wide - 2, high - 2, "cell empty", rx=3)
    share = min(1.0, max(0.0, cell.share))
    return svg.group(
        svg.rect(x + 1, y + 1, wide - 2, high - 2, "cell ground", rx=3),
        svg.rect(x + 1, y + 1, wide - 2, high - 2, f"cell {cell.kind}", rx=3, fill_opacity=share),
        svg.text(x + wide / 2, y + high / 2 + 4, cell.text, "in-cell", text_anchor="middle"),
        hint=cell.hint,
    )
