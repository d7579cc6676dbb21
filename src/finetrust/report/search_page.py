"""A search as one HTML page, readable without a network."""

import itertools
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import yaml
from markupsafe import Markup

from finetrust.core.atomic import write_text
from finetrust.report.html.template import fill
from finetrust.report.numbers import interval, quantity
from finetrust.report.plots.front import Axis, Dot, front_plot
from finetrust.report.plots.line_chart import Line, line_chart
from finetrust.report.search_words import CAPTION, how_to_take, settings, summary, told, wanted
from finetrust.tuning.search.objective import Objective
from finetrust.tuning.search.search import Search
from finetrust.tuning.search.trial import SearchTrial

FILE = "search.html"
PLOTS = 3
"""At most so many pairs of objectives are drawn."""


def write_search_page(search: Search) -> Path:
    """Write ``search.html`` to the folder of a search, whole or not at all."""
    page = str(render_search_page(search)).encode("utf-8", "replace").decode("utf-8")
    write_text(search.path / FILE, page)
    return search.path / FILE


def render_search_page(search: Search) -> Markup:
    """Return the page: what was found, the front as plots and as a table, and every trial."""
    style = files("finetrust.report.html").joinpath("page.css").read_text(encoding="utf-8")
    front = {trial.number for trial in search.pareto}
    others = [t for t in search.trials if t.number not in front and t.state != "refused"]
    return fill(
        "search.html.j2",
        search=search,
        style=Markup(style),
        summary=summary(search),
        caption=CAPTION,
        aims=[wanted(objective) for objective in search.objectives],
        best=search.best() if search.finished else None,
        command=how_to_take(search) if search.finished else "",
        plots=list(_plots(search)),
        growth=_growth(search),
        front=search.pareto,
        others=others,
        settings=settings,
        space=yaml.safe_dump(dict(search.space), sort_keys=False),
        between=interval,
        value=_value,
        unit=lambda objective: objective.definition.unit,
    )


def _plots(search: Search) -> Iterator[Markup]:
    best = search.best().number if search.finished else None
    front = {trial.number for trial in search.pareto}
    for one, other in itertools.islice(itertools.combinations(search.objectives, 2), PLOTS):
        dots = [
            Dot(
                trial.figures[one.key].value,
                trial.figures[other.key].value,
                str(trial.number),
                f"trial {trial.number}: {_value(trial, one)}, {_value(trial, other)}; "
                f"{told(trial.options)}",
                trial.number in front,
                trial.number == best,
            )
            for trial in search.finished
        ]
        if dots:
            title = f"{other.title} by {one.title} of {len(dots)} trials"
            joined = len(search.objectives) == 2
            yield front_plot(dots, _axis(one), _axis(other), title=title, joined=joined)


def _growth(search: Search) -> Markup | None:
    """Return how far the search had come after each trial, or None where there are too few."""
    if len(search.objectives) == 1:
        objective, best, points = search.objectives[0], None, []
        for trial in search.finished:
            value = trial.figures[objective.key].value
            if best is None or objective.gain(value) > objective.gain(best):
                best = value
            points.append((float(trial.number), best))
        name, percents = f"best {objective.title} so far", objective.definition.unit == "%"
    else:
        points = [(float(number), share) for number, share in search.growth()]
        name, percents = "share of the space that the front rules", True
    if len(points) < 2:
        return None
    return line_chart([Line(name, points)], title=name, x_label="trial", percents=percents)


def _value(trial: SearchTrial, objective: Objective) -> str:
    return quantity(trial.figures[objective.key].value, objective.definition.unit)


def _axis(objective: Objective) -> Axis:
    return Axis(
        objective.title, objective.definition.unit == "%", objective.direction == "maximize"
    )
