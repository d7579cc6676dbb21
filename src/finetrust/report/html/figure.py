"""A figure of the report: what can be drawn from the details of measures, whatever they are called."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.core.registry import Registry
from finetrust.report.html.template import fill
from finetrust.report.report_data import ReportData


@dataclass(frozen=True)
class Figure:
    """One figure.

    Parameters
    ----------
    title : str
    about : str or Markup
        How to read it, in one or two plain sentences.
    content : Markup
    """

    title: str
    about: str | Markup
    content: Markup


Draw = Callable[[Sequence[Measure], ReportData], Iterable[Figure]]


@dataclass(frozen=True)
class Drawing:
    """A way to draw the details of measures.

    Parameters
    ----------
    name : str
    order : int
        Where it stands among the figures of a question.
    draw : callable
        The measures of one question that apply, and the records of the run, to figures; none where
        the details hold nothing that it can draw.
    """

    name: str
    order: int
    draw: Draw


drawings: Registry[Drawing] = Registry("figure", "finetrust.report.html.figures")


def figure(name: str, *, order: int) -> Callable[[Draw], Draw]:
    """Register the decorated function as a way to draw the details of measures."""

    def decorate(draw: Draw) -> Draw:
        drawings.add(name, Drawing(name, order, draw))
        return draw

    return decorate


def figures_of(measures: Sequence[Measure], data: ReportData) -> list[Figure]:
    """Return everything that can be drawn of some measures."""
    entries = sorted((entry for _, entry in drawings.items()), key=lambda entry: entry.order)
    applying = [measure for measure in measures if measure.applies]
    return [drawn for entry in entries for drawn in entry.draw(applying, data)]


def side_by_side(drawn: Sequence[tuple[str, Markup]]) -> Markup:
    """Return plots next to each other, each under its caption; an empty caption is left out."""
    return fill("figures/side_by_side.html.j2", drawn=drawn)
