"""A selection as one HTML file, readable without a network."""

from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from finetrust.core.atomic import write_text
from finetrust.report.html.template import fill
from finetrust.report.selection_table import figure_text, interval_text
from finetrust.selection.score import scores
from finetrust.selection.selection import PAGE, Selection


def write_selection_page(selection: Selection, folder: Path) -> Path:
    """Write ``selection.html`` to `folder`: ranking, all scores, costs, data size and depth."""
    style = files("finetrust.report.html").joinpath("page.css").read_text(encoding="utf-8")
    examined = [entry for entry in selection.entries if entry.examined]
    page = fill(
        "selection.html.j2",
        style=Markup(style),
        selection=selection,
        examined=examined,
        others=[entry for entry in selection.entries if not entry.examined],
        whole=[entry for entry in examined if entry.status == "ranked"],
        scores=[(name, score.title) for name, score in scores.items()],
        figure_text=figure_text,
        interval_text=interval_text,
    )
    write_text(folder / PAGE, str(page).encode("utf-8", "replace").decode("utf-8"))
    return folder / PAGE
