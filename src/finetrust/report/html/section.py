"""A section of the report; each is one file in ``sections/`` with its template beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.core.registry import Registry
from finetrust.report.report_data import ReportData

Parts = Callable[[ReportData], Sequence[tuple[str, str]]]
Render = Callable[[ReportData], Markup | None]


@dataclass(frozen=True)
class Section:
    """One section.

    Parameters
    ----------
    name : str
        Its anchor in the page.
    order : int
        Where it stands; the sections that come with finetrust are tens.
    title : str
    render : callable
        ReportData to the section's content, or None where it does not apply.
    parts : callable, optional
        ReportData to the (anchor, title) pairs of its parts that the contents name.
    """

    name: str
    order: int
    title: str
    render: Render
    parts: Parts | None = None


sections: Registry[Section] = Registry("report section", "finetrust.report.html.sections")


def section(
    name: str, *, order: int, title: str, parts: Parts | None = None
) -> Callable[[Render], Render]:
    """Register the decorated function as the content of a section."""

    def decorate(render: Render) -> Render:
        sections.add(name, Section(name, order, title, render, parts))
        return render

    return decorate


def ordered_sections() -> list[Section]:
    """Return all sections in the order in which they are read."""
    return sorted((entry for _, entry in sections.items()), key=lambda entry: entry.order)
