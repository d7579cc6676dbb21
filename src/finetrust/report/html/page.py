"""The page: head, table of contents, warnings and all sections that apply, in one file."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from finetrust.core.atomic import write_text
from finetrust.core.run_folder import RunFolder
from finetrust.report.alarms import alarms
from finetrust.report.html.section import ordered_sections
from finetrust.report.html.template import fill
from finetrust.report.report_data import ReportData


def write_report(folder: RunFolder, beside: Sequence[RunFolder] = ()) -> Path:
    """Write the report of a run to ``report.html`` in its folder.

    Parameters
    ----------
    folder : RunFolder
        A finished run; one that was not evaluated yet gets a report of what is known.
    beside : sequence of RunFolder
        Runs whose measures are shown next to it.

    Returns
    -------
    Path
        The report: one file, without scripts and without anything that is fetched.
    """
    page = render_page(ReportData.read(folder, beside))
    write_text(folder.report_file, page)
    return folder.report_file


def render_page(data: ReportData) -> str:
    """Return the whole page as text."""
    rendered = [(entry, entry.render(data)) for entry in ordered_sections()]
    style = files("finetrust.report.html").joinpath("page.css").read_text(encoding="utf-8")
    page = fill(
        "page.html.j2",
        data=data,
        style=Markup(style),
        notes=(*data.profile.notes, *alarms(data.profile)) if data.profile else (),
        sections=[(entry, content) for entry, content in rendered if content is not None],
    )
    # A name of a file may hold bytes that are no text; the page is written all the same.
    return str(page).encode("utf-8", "replace").decode("utf-8")
