"""Plots: well-formed, escaped, accessible, and in proportion to their numbers."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from markupsafe import Markup
from synthetic_run import HOSTILE

from finetrust.report.plots.bar import stacked_bar
from finetrust.report.plots.curve_chart import Curve, curve_chart
from finetrust.report.plots.heat_map import Cell, heat_map
from finetrust.report.plots.icon_array import icon_array
from finetrust.report.plots.interval_bar import EDGE, WIDTH, interval_bar
from finetrust.report.plots.line_chart import Line, line_chart
from finetrust.report.plots.reliability_diagram import reliability_diagram
from finetrust.report.plots.scale import Scale, round_ticks

EVIL = HOSTILE + "\x00\x1b' onload='x"
BINS = {
    "edges": [0, 0.5, 1],
    "confidence": [None, 0.8],
    "accuracy": [None, 0.6],
    "count": [0, 10],
}


def elements(markup: Markup, kind: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(markup)
    return [e for e in root.iter() if kind in (e.get("class") or "").split()]


def at(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name])


@pytest.mark.parametrize(
    "plot",
    [
        line_chart(
            [Line(EVIL, [(1, 0.5), (2, 0.4)], [(2, 0.4)])],
            title=EVIL,
            x_label=EVIL,
            phases=[(EVIL, 1, 2)],
        ),
        line_chart([Line("one", [(1, 0.5)])], title="one epoch", x_label="epoch", percents=True),
        heat_map(
            [[Cell(0.5, EVIL, EVIL, "bad"), Cell(None, "")]],
            rows=[EVIL],
            columns=[EVIL, "b"],
            title=EVIL,
            row_label=EVIL,
            column_label=EVIL,
            slanted=True,
        ),
        interval_bar(0.5, 0.4, 0.6, title=EVIL),
        icon_array(0.8, 0.9, title=EVIL),
        stacked_bar([(EVIL, 3), ("b", 0)], 9, title=EVIL),
        reliability_diagram(BINS, title=EVIL),
        reliability_diagram({**BINS, "count": [0, 0]}, title="no items"),
    ],
)
def test_plots_are_well_formed_escaped_and_named(plot: Markup) -> None:
    root = ElementTree.fromstring(plot)
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert {e.tag for e in root.iter()} <= {
        "svg", "g", "title", "desc", "text", "line", "rect", "circle", "polyline",
    }  # fmt: skip
    assert not [key for e in root.iter() for key in e.attrib if key.startswith("on")]
    assert "nan" not in plot.lower()


def test_an_interval_bar_is_in_proportion_to_its_scale() -> None:
    bar = interval_bar(0.5, 0.25, 0.75, span=(0, 1))
    (band,), (mark,) = elements(bar, "band"), elements(bar, "mark")
    inner = WIDTH - 2 * EDGE
    assert at(band, "x") == pytest.approx(EDGE + inner / 4)
    assert at(band, "width") == pytest.approx(inner / 2)
    assert at(mark, "x") + at(mark, "width") / 2 == pytest.approx(WIDTH / 2)


def test_curves_of_other_numbers_than_shares_have_an_upright_axis_of_their_own() -> None:
    ticks = ((-1.0, "low"), (0.0, "none"), (1.0, "high"))
    line = Curve("x", [(0.0, -1.0), (0.5, 0.0), (1.0, 1.0)], "measured")
    plot = curve_chart([line], title="x", x_label="x", y_label="y", y_ticks=ticks)
    low, middle, high = (at(dot, "cy") for dot in elements(plot, "dot"))
    assert low > middle > high
    assert middle == pytest.approx((low + high) / 2)
    assert [at(rule, "y1") for rule in elements(plot, "grid")] == [low, middle, high]
    assert all(name in plot for _, name in ticks)


def test_what_lies_beyond_a_scale_is_drawn_at_its_end() -> None:
    assert Scale(0, 1, 10, 20)(7) == 20


def test_an_icon_array_has_a_hundred_dots_by_the_bounds_of_the_interval() -> None:
    array = icon_array(0.81, 0.893, title="x")
    counts = [len(elements(array, kind)) for kind in ("sure", "open", "missed")]
    assert counts == [81, 8, 11]


def test_a_dot_of_the_reliability_diagram_stands_at_confidence_and_accuracy() -> None:
    diagram = reliability_diagram(BINS, title="x")
    (dot,), (gap,) = elements(diagram, "dot"), elements(diagram, "gap")
    diagonal = elements(diagram, "diagonal")[0]
    left, right = at(diagonal, "x1"), at(diagonal, "x2")
    bottom, top = at(diagonal, "y1"), at(diagonal, "y2")
    assert at(dot, "cx") == pytest.approx(left + 0.8 * (right - left))
    assert at(dot, "cy") == pytest.approx(bottom + 0.6 * (top - bottom))
    assert at(gap, "y1") == pytest.approx(bottom + 0.8 * (top - bottom))
    assert len(elements(diagram, "bar")) == 2


def test_the_colour_of_a_cell_is_as_strong_as_its_share() -> None:
    plot = heat_map([[Cell(0.25, "1"), Cell(None, "")]], rows=["a"], columns=["b", "c"], title="x")
    (cell,) = elements(plot, "good")
    assert cell.get("fill-opacity") == "0.25"
    assert len(elements(plot, "empty")) == 1


def test_a_line_chart_draws_each_line_and_rings_what_was_kept() -> None:
    chart = line_chart(
        [Line("a", [(1, 1.0), (2, 0.5)]), Line("b", [(1, 2.0), (2, 1.5)], [(2, 1.5)])],
        title="x",
        x_label="epoch",
    )
    strokes = [e for e in elements(chart, "stroke") if e.tag == "polyline"]
    assert len(strokes) == 2
    first, last = (point.split(",") for point in strokes[0].attrib["points"].split())
    assert float(first[0]) < float(last[0])
    assert float(first[1]) < float(last[1])
    (ring,) = [e for e in elements(chart, "kept") if at(e, "r") > 6]
    assert f"{at(ring, 'cx'):g},{at(ring, 'cy'):g}" in strokes[1].attrib["points"]


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.02, 0.031), (-3, 12), (5, 5), (0, 0), (0, 1e-9), (1e6, 2.5e6)]
)
def test_ticks_are_few_and_enclose_the_values(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert ticks[0] <= low + 1e-12
    assert ticks[-1] >= high - 1e-12
    steps = {round((b - a) / (ticks[1] - ticks[0]), 6) for a, b in pairwise(ticks)}
    assert steps == {1.0}
