"""Shortcuts in the report: drawn where an alarm was raised, calm where none was, and what to do."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from parsed_page import ParsedPage
from PIL import Image
from synthetic_measures import figure

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.html.figure import Figure, figures_of
from finetrust.report.next_steps import Gravity, next_steps
from finetrust.report.report_data import ReportData
from finetrust.report.verdicts.shortcuts import shortcut_sentences

HOSTILE = "<script>alert(1)</script>"
SENTENCE = (
    "Images of 'cat' carry something in the lower right corner that the model goes by: without it, its "
    "accuracy on cat falls from 91 % to 40 %."
)


def share(value: float, n: int = 50, low: float | None = None) -> dict[str, Any]:
    least = value - 0.05 if low is None else low
    return {"value": value, "ci_low": least, "ci_high": value + 0.05, "n": n}


def candidate(name: str = "cat", alarm: bool = True, **facts: Any) -> dict[str, Any]:
    return {
        "class": name,
        "kind": "corner",
        "place": "in the lower right corner",
        "box": [24, 24, 32, 32],
        "height": 32,
        "width": 32,
        "accuracy": share(0.91),
        "without": [
            {"filling": "blur", **share(0.31), "fall": share(0.6)},
            {"filling": "mean", **share(0.4), "fall": share(0.51)},
        ],
        "turned": share(0.84, 500),
        "alarm": alarm,
        "heat": {**share(0.3), "even": 0.06},
        **({"sentence": SENTENCE} if alarm else {}),
        **facts,
    }


def measures(*candidates: dict[str, Any], heat: Any = None) -> tuple[Measure, ...]:
    whole = {"candidates": list(candidates), "alarm": candidates[0]["alarm"]}
    found = [
        figure("shortcut_reliance", "Reliance", 0.51, n=50, topic="shortcut", details=whole),
        *(
            figure(
                "shortcut_reliance", "Reliance", 0.51, n=50, topic="shortcut", details=c,
                subset=f"class={c['class']}",
            )
            for c in candidates
            if c["alarm"]
        ),
        figure(
            "accuracy_without_shortcut", "Without", 0.7, n=500, half=0.05, share=True,
            topic="shortcut", details={"with": {"value": 0.9}},
        ),
        figure("border_reliance", "Border", 0.3, n=50, details={"mean_heat": heat or []}),
    ]  # fmt: skip
    return tuple(found)


def profile(*found: Measure) -> TrustProfile:
    data = {"name": "pets", "n": 1000, "classes": ["cat", "dog"], "inputs": "images"}
    return TrustProfile("classification", {}, data, found)


def drawn(*found: Measure) -> dict[str, Figure]:
    data = ReportData(path="run", name="run", profile=profile(*found))
    return {f.title: f for f in figures_of(found, data)}


def test_an_alarm_is_drawn_with_its_place_and_the_accuracy_that_costs_least() -> None:
    found = drawn(*measures(candidate(HOSTILE), candidate("dog", alarm=False)))
    content = str(found["What it goes by instead of the object"].content)
    assert ParsedPage(content).unbalanced == []
    assert "<script" not in content
    assert "in the lower right corner" in content
    for told in ("91.0", "40.0", "84.0", "replaced: mean", "even heat: 6.0", "1 candidate without"):
        assert told in content
    assert "31.0" not in content
    assert 'x="48" y="48"' in content


@pytest.mark.parametrize("kind", ["border", "background", "colour", "detail"])
def test_what_is_no_box_is_drawn_too(kind: str) -> None:
    found = drawn(*measures(candidate(kind=kind, box=None)))
    assert "bad" in str(found["What it goes by instead of the object"].content)


def test_without_an_alarm_the_figure_says_so_first() -> None:
    found = drawn(*measures(candidate(alarm=False)))
    assert "raises an alarm" in str(found["What was looked for"].about)
    assert "What it goes by instead of the object" not in found


@pytest.mark.parametrize(
    "broken", [{"without": []}, {"accuracy": None}, {"without": [{"filling": 1}]}, {"turned": 3}]
)
def test_a_candidate_without_figures_is_left_out(broken: dict[str, Any]) -> None:
    assert drawn(*measures(candidate(**broken))) == {}


def test_mean_maps_are_pictures_whose_hottest_place_is_opaque() -> None:
    heat = [[0.0, 0.25], [0.5, 0.25]]
    found = drawn(
        *measures(candidate(**{"turned": None}), heat=[{"class": HOSTILE, "n": 7, "map": heat}])
    )
    content = str(found["What each class looks at on average"].content)
    assert "<script" not in content
    assert "7 items" in content
    encoded = content.split("base64,")[1].split('"')[0]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    assert pixels.shape == (2, 2, 4)
    assert pixels[1, 0].tolist() == [224, 96, 40, 255]
    assert pixels[0, 0, 3] < pixels[0, 1, 3] < 255


@pytest.mark.parametrize("heat", ["no map", [], [["a"]], [[float("nan")]], [[0.0, 0.0]], [1.0]])
def test_a_broken_map_is_left_out(heat: Any) -> None:
    assert (
        drawn(*measures(candidate(turned=None), heat=[{"class": "a", "n": 1, "map": heat}])) == {}
    )


def test_the_sentences_name_what_is_left_without_the_shortcut() -> None:
    told = " ".join(shortcut_sentences(profile(*measures(candidate())))).replace("\xa0", " ")
    assert told.startswith("It goes by a shortcut for 1 class. Without it, 70.0 % (65.0")
    assert "instead of 90.0 %" in told
    calm = shortcut_sentences(profile(*measures(candidate(alarm=False))))
    assert calm[0].startswith("Nothing that the images of one class have in common")
    assert shortcut_sentences(profile()) == []


def test_the_step_says_what_to_do_and_silence_asks_for_nothing() -> None:
    (step,) = next_steps(profile(*measures(candidate())))
    assert step.gravity is Gravity.GRAVE
    assert step.finding == SENTENCE
    assert '--strategy "full + saliency-guided" --object-masks' in step.remedy
    (wide,) = next_steps(profile(*measures(candidate(kind="background"))))
    assert wide.gravity is Gravity.NOTABLE
    assert next_steps(profile(*measures(candidate(alarm=False)))) == []
