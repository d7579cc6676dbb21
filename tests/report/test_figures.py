"""Figures: found by what the details of measures hold, whatever these are called; broken ones are left."""

from typing import Any

import pytest
from parsed_page import ParsedPage
from synthetic_measures import bins, figure

from finetrust.core.profile import TrustProfile
from finetrust.report.html.figure import figures_of
from finetrust.report.report_data import ReportData

HOSTILE = "<script>alert(1)</script>"
CURVE = {
    "coverage": [0.5, 1.0],
    "risk": [0.0, 0.1],
    "risk_low": [0.0, 0.05],
    "risk_high": [0.1, 0.2],
}
DRAWN: dict[str, tuple[dict[str, Any], str]] = {
    "Can its confidence be believed?": ({"before": bins(90)}, "plot reliability"),
    "How sure it is when it is wrong": (
        {"histogram": {"edges": [0.0, 0.5, 1.0], "right": [1, 40], "wrong": [3, 2]}},
        "41 right answers",
    ),
    "What is confused with what": (
        {"classes": ["cat", HOSTILE], "confusion": [[9, 1], [0, 8]]},
        "plot heat-map",
    ),
    "What is gained by leaving the unsure answers to a person": (
        {"curve": {**CURVE, "best": [0.0, 0.1]}},
        "curve-band",
    ),
    "How well the classes are told apart at every threshold": (
        {
            "curves": [
                {
                    "class": name,
                    "false_positive_rate": [0.0, 0.2, 1.0],
                    "true_positive_rate": [0.0, height, 1.0],
                }
                for name, height in (("cat", 0.9), (HOSTILE, 0.5))
            ]
        },
        "ROC curves",
    ),
    "How large the sets are": ({"sizes": [0, 1, 2], "counts": [3, 80, 17]}, ">80</text>"),
    "Labels to look at: labels": (
        {
            "suspects": [
                {"id": HOSTILE, "label": "cat", "suggested": "dog", "probability_wrong": 0.97}
            ]
        },
        "97.0",
    ),
    "Classes whose share has moved most": (
        {"moved_most": [{"class": HOSTILE, "train": 0.2, "evaluation": 0.6}]},
        "pair-of-bars",
    ),
    "Kind by kind": ({"fog": {"1": 0.9, "5": 0.4}, HOSTILE: {"1": 0.8, "5": 0.1}}, ">40.0"),
    "Does its confidence fall as it should?": (
        {
            "curve": [
                {
                    "severity": severity,
                    **{
                        f"{name}{end}": value + shift
                        for name, value in (
                            ("accuracy", 0.9 - severity / 10),
                            ("ece", severity / 50),
                        )
                        for end, shift in (("", 0.0), ("_low", -0.01), ("_high", 0.01))
                    },
                }
                for severity in (0, 1, 5)
            ]
        },
        "curve measured",
    ),
    "Would a fall be noticed without labels?": (
        {"table": [{"perturbation": f"{HOSTILE}-3", "accuracy": 0.5, "atc": 0.7}]},
        "curve dots",
    ),
    "How much it takes to fool it": (
        {
            "curves": {
                "linf": {
                    "title": HOSTILE,
                    "eps": [0.0, 0.01, 0.02],
                    "labels": ["0/255", "2.5/255", "5/255"],
                    "accuracy": [0.9, 0.4, 0.0],
                    "low": [0.8, 0.3, 0.0],
                    "high": [0.95, 0.5, 0.1],
                }
            }
        },
        "levels of 255",
    ),
    "What is proven, whatever the attack": (
        {"radius": [0.0, 0.25], "accuracy": [0.8, 0.5], "low": [0.7, 0.4], "high": [0.9, 0.6]},
        ">0.25</text>",
    ),
    "Least stable answers": (
        {
            "models": 3,
            "items": [{"id": HOSTILE, "target": "cat", "answers": {HOSTILE: 2, "dog": 1}}],
        },
        "(2) and dog (1)",
    ),
    "How many items would show which difference": (
        {"items_needed": [{"difference": 0.01, "items": 900}, {"difference": 0.05, "items": 40}]},
        "enough here",
    ),
}


def page(*details: dict[str, Any], **facts: Any) -> dict[str, str]:
    """Return the figures of measures with such details: their content by their title."""
    measures = [figure(f"m{i}", "Labels", 0.5, details=of, **facts) for i, of in enumerate(details)]
    profile = TrustProfile("any", {}, {"inputs": "images"}, tuple(measures))
    data = ReportData(path="run", name="run", profile=profile)
    return {f.title: f"<p>{f.about}</p>{f.content}" for f in figures_of(measures, data)}


@pytest.mark.parametrize("title", DRAWN)
def test_details_are_drawn_by_their_shape(title: str) -> None:
    details, mark = DRAWN[title]
    found = page(details)
    assert list(found) == [title]
    assert mark in found[title]
    assert ParsedPage(found[title]).unbalanced == []
    assert "<script" not in found[title]


def test_nothing_is_drawn_of_details_that_hold_nothing() -> None:
    assert page({}, {"n": 3, "method": "vector"}) == {}


@pytest.mark.parametrize("title", DRAWN)
def test_broken_details_draw_nothing(title: str) -> None:
    details, _ = DRAWN[title]
    for broken in (None, [], {}, "text", 3):
        assert page(dict.fromkeys(details, broken)) == {}


def test_the_class_that_is_told_apart_worst_is_drawn_on_top() -> None:
    details, _ = DRAWN["How well the classes are told apart at every threshold"]
    (content,) = page(details).values()
    assert content.index("curve faint") < content.index("curve worst")
    worst = content.split("curve worst")[1]
    assert "<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>" in worst


def test_many_points_of_a_curve_are_thinned() -> None:
    places = [i / 5000 for i in range(5001)]
    (content,) = page({"recall": places, "precision": places}).values()
    assert content.count(",") < 200


def test_confidence_of_measures_for_closer_looks_is_not_drawn() -> None:
    assert page({"before": bins(90)}, secondary=True) == {}


def test_many_set_sizes_are_counted_in_the_last_bar() -> None:
    (content,) = page({"sizes": list(range(100)), "counts": [1] * 100}).values()
    assert "19+: 81" in content


def test_every_set_and_score_stands_in_the_map_of_unfamiliar_inputs() -> None:
    subsets = [
        f"set={of},score={score}" for of in ("textures", HOSTILE) for score in ("knn", "msp")
    ]
    measures = [
        figure("ood_auroc_far", "Told", 0.75, subset=subset, axis="stability", secondary=True)
        for subset in subsets
    ]
    whole = figure("ood_auroc_far", "Told", 0.75, axis="stability", details={"chosen": "knn"})
    data = ReportData(path="run", name="run")
    (found,) = figures_of([whole, *measures], data)
    assert "goes by, chosen without any of these inputs: kNN" in found.about
    assert found.content.count("75.0") == 8, "each cell, and what is shown where the pointer rests"
    assert "<script" not in found.content
    assert figures_of([whole], data) == []
