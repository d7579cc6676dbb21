"""A section of the report; each is one file in ``sections/`` with its template beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.core.registry import Registry
from finetrust.report.report_data import ReportData

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
    """

    name: str
    order: int
    title: str
    render: Render


sections: Registry[Section] = Registry("report section", "finetrust.report.html.sections")


def section(name: str, *, order: int, title: str) -> Callable[[Render], Render]:
    """Register the decorated function as the content of a section."""

    def decorate(render: Render) -> Render:
        sections.add(name, Section(name, order, title, render))
        return render

    return decorate


def ordered_sections() -> list[Section]:
    """Return all sections in the order in which they are read."""
    return sorted((entry for _, entry in sections.items()), key=lambda entry: entry.order)
