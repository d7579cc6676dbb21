"""The interpretability section: question by question, the sanity table, strips of decisions, and alarms."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from parsed_page import ParsedPage
from PIL import Image
from rich.console import Console
from synthetic_measures import figure
from synthetic_run import HOSTILE, make_evidence, write_run

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.report.alarms import alarms
from finetrust.report.html import write_report
from finetrust.report.html.figure import figures_of
from finetrust.report.model_card import write_model_card
from finetrust.report.names import subset_label
from finetrust.report.next_steps import next_steps
from finetrust.report.report_data import ReportData
from finetrust.report.terminal import profile_table
from finetrust.report.topics import QUESTIONS, by_topic
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.by_topic import topic_sentences

ASKED = ("explained", "believed", "located", "shortcut")
CURVE = [
    {
        "stage": k,
        "share_of_layers": k / 4,
        "rank_correlation": {"value": v, "ci_low": v - 0.1, "ci_high": v + 0.1},
    }
    for k, v in enumerate((0.6, 0.2, -0.1, 0.0), start=1)
]
ALARM = "Images of 'cat' carry something in the lower right corner that the model goes by."


def of_method(name: str, title: str, value: float, method: str = "", **facts: Any) -> Measure:
    """Return a figure of an explanation method; without one, of that which explains."""
    shown = {"": "Grad-CAM", "saliency": "Saliency", "rollout": "Attention rollout"}[method]
    details = {
        "method": method or "grad_cam",
        "title": shown,
        "chosen": not method,
        **facts.pop("details", {}),
    }
    given = {"axis": "interpretability", "topic": "believed", "share": True, **facts}
    subset = f"method={method}" if method else ""
    return figure(name, title, value, subset=subset, details=details, **given)


def randomisation(value: float, method: str = "", believed: bool | None = True) -> Measure:
    verdict = {True: "changes with the weights", False: "not to be believed", None: "unclear"}
    details = {
        "believed": believed,
        "verdict": verdict[believed],
        "gain": {"": 0.3, "saliency": 0.2, "rollout": 0.1}[method],
        "sentence": f"Its maps: {verdict[believed]}.",
        "curve": CURVE,
    }
    return of_method("weight_randomisation", "Changes", value, method, details=details)


def gain(value: float, half: float = 0.05, **facts: Any) -> Measure:
    return figure(
        "faithfulness_gain", "Faithfulness above chance", value, half=half, unit="",
        axis="interpretability", topic="explained", **facts,
    )  # fmt: skip


def shortcut(value: float, alarm: bool = True) -> Measure:
    details: dict[str, Any] = {
        "alarm": alarm,
        "class": "cat",
        "place": "in the lower right corner",
        "candidates": [{}] * 7,
    }
    if alarm:
        details["warning"] = ALARM
    return figure(
        "shortcut_reliance", "Accuracy that hangs on a shortcut", value, better="lower",
        axis="interpretability", topic="shortcut", details=details,
    )  # fmt: skip


def profile(*measures: Measure, **facts: Any) -> TrustProfile:
    data = {"name": "pets", "n": 100, "inputs": "images", "classes": ["cat", "dog"]}
    return TrustProfile("classification", {}, data, measures, **facts)


def said(topic: str, *measures: Measure) -> str:
    return " ".join(topic_sentences(topic, profile(*measures))).replace("\xa0", " ")  # type: ignore[arg-type]


def page_of(folder: RunFolder) -> ParsedPage:
    return ParsedPage.read(write_report(folder))


def printed(found: TrustProfile) -> str:
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(profile_table(found))
    return " ".join(capture.get().split())


def with_pictures(folder: RunFolder, *pictures: Mapping[str, Any]) -> RunFolder:
    """Write pictures into a profile, and a small file for each that they name."""
    raw = json.loads(folder.profile_file.read_text(encoding="utf-8"))
    raw["pictures"] = list(pictures)
    folder.profile_file.write_text(json.dumps(raw), encoding="utf-8")
    for shown in pictures:
        parts = [shown, *shown.get("neighbours", ()), *shown.get("other_class", ())]
        for part in parts:
            for key in ("file", "overlay"):
                if part.get(key):
                    Image.new("RGB", (32, 32), (9, 90, 60)).save(folder.path / part[key])
    return folder


def strip(number: int = 0, **facts: Any) -> dict[str, Any]:
    return {
        "file": f"pictures/{number}.png",
        "overlay": f"pictures/{number}-overlay.png",
        "id": f"deep/down/test/{number}.png",
        "kind": "confident error",
        "caption": "dog taken for cat with 97.0% confidence",
        "told": [
            "What speaks for cat lies mostly in the lower left, half of it on 12% of the image."
        ],
        "target": "dog",
        "predicted": "cat",
        "confidence": 0.97,
        "method": "grad_cam",
        "method_title": "Grad-CAM",
        "signed": False,
        "neighbours": [
            {"id": "far/away/train/7.png", "label": "cat", "file": "pictures/train-7.png"},
            {"id": "far/away/train/8.png", "label": "dog", "file": "pictures/train-8.png"},
            {"id": "far/away/train/9.png", "label": "cat"},
        ],
        **facts,
    }


@pytest.fixture(scope="module")
def page(run: RunFolder) -> ParsedPage:
    return page_of(run)


@pytest.fixture
def small(tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "run", evidence=make_evidence(n=40, corruptions=False), pictures=0)


def test_the_questions_stand_in_their_order_and_in_the_contents(page: ParsedPage) -> None:
    text = page.sections["interpretability"]
    places = [text.index(QUESTIONS[topic]) for topic in ASKED]  # type: ignore[index]
    assert places == sorted(places)
    links = ["#topic-decisions", *(f"#topic-{topic}" for topic in ASKED)]
    assert [link for link in page.attributes("a", "href") if link in links] == links
    assert page.unbalanced == []


def test_every_measure_of_the_axis_belongs_to_a_question(run: RunFolder) -> None:
    measures = TrustProfile.load(run.profile_file).axis("interpretability")
    assert {m.name for m in measures if not m.topic or m.topic not in QUESTIONS} == set()


def test_hostile_names_of_classes_stay_text_in_every_figure(tmp_path: Path) -> None:
    evidence = make_evidence(classes=[HOSTILE, "b", "<i>c</i>"], n=90, trials=True)
    folder = write_run(tmp_path / "run", evidence=evidence, hostile=HOSTILE, pictures=0)
    shown = strip(caption=HOSTILE, told=[HOSTILE], warning=HOSTILE, method_title=HOSTILE)
    shown["neighbours"][0] |= {"label": HOSTILE, "id": HOSTILE}
    page = page_of(with_pictures(folder, shown))
    assert "<script>alert(1)</script>" in page.sections["interpretability"]
    assert "<script" not in folder.report_file.read_text(encoding="utf-8")
    assert page.unbalanced == []


def test_the_sanity_table_marks_the_method_used_and_the_ones_not_to_be_believed() -> None:
    measures = [
        randomisation(1.0),
        randomisation(0.1, "saliency", believed=False),
        randomisation(0.5, "rollout", believed=None),
        of_method("label_randomisation", "Labels", 0.8),
        of_method("explanation_stability", "Stable", 0.9, "saliency", unit=""),
    ]
    found = profile(*measures)
    drawn = {f.title: f for f in figures_of(measures, ReportData("run", "run", profile=found))}
    table = ParsedPage(f"<section id=t>{drawn['Every method put to the test'].content}</section>")
    rows = table.sections["t"].split("Grad-CAM ")[1]
    first, second, third = (
        rows.split("Saliency ")[0],
        *rows.split("Saliency ")[1].split("Attention "),
    )
    assert "used here" in first
    assert " yes " in first
    assert "not to be believed" in second
    assert "not shown" in third
    assert "Sensitivity" not in table.sections["t"], "a column without any figure is not shown"
    assert table.sections["t"].count("used here") == 1


def test_the_curve_over_the_layers_is_drawn_with_the_limit() -> None:
    measures = [randomisation(1.0), randomisation(0.1, "saliency", believed=False)]
    data = ReportData("run", "run", profile=profile(*measures))
    (drawn,) = [f for f in figures_of(measures, data) if f.title.startswith("As the network")]
    assert drawn.content.count('class="curve faint"') == 1
    assert drawn.content.count('class="curve measured"') == 1
    assert drawn.content.count('class="curve ideal"') == 1
    assert "Saliency: 0 at the end" in drawn.content


def test_a_curve_without_figures_is_not_drawn() -> None:
    broken = replace(randomisation(1.0), details={"curve": [{"share_of_layers": "x"}, 3]})
    assert figures_of([broken], ReportData("run", "run")) == []


def test_maps_that_know_nothing_stand_beside_the_explanation() -> None:
    above = {"random": {"value": 0.2, "ci_low": 0.1, "ci_high": 0.3, "n": 62}}
    whole = figure("pointing_game", "Pointing game", 0.8, topic="located", details={"above": above})
    parts = [
        replace(whole, subset=f"baseline={name}", value=value, details={})
        for name, value in (("random", 0.6), ("centre", 0.7))
    ]
    (drawn,) = figures_of([whole, *parts], ReportData("run", "run"))
    text = ParsedPage(f"<section id=t>{drawn.content}</section>").sections["t"]
    assert text.startswith("The explanation A random map The middle of the image Pointing game")
    assert text.index("80.0 %") < text.index("60.0 %") < text.index("70.0 %")
    assert "explanation +20.0 points (+10.0 to +30.0 points)" in text


@pytest.mark.parametrize("believed", [True, False, None])
def test_explanations_not_to_be_believed_are_an_alarm_everywhere(
    small: RunFolder, believed: bool | None
) -> None:
    found = TrustProfile.load(small.profile_file)
    others = tuple(m for m in found.measures if m.axis != "interpretability")
    found = replace(found, measures=(*others, randomisation(0.05, believed=believed)))
    found.save(small.profile_file)
    sentence = str(found["weight_randomisation"].details["sentence"])
    page = page_of(small)
    header = page.text.split("Summary")[0]
    card = write_model_card(small).read_text(encoding="utf-8").split("## Limitations")[1]
    alarming = believed is False
    assert alarms(found) == ([sentence] if alarming else [])
    assert (sentence in header) is alarming
    assert (f"! {sentence}" in printed(found)) is alarming
    assert (sentence in card) is alarming
    assert sentence in page.sections["summary"]
    steps = [s for s in next_steps(found) if s.finding == sentence]
    assert len(steps) == alarming
    told = topic_sentences("believed", found)
    assert (sentence in told) is not alarming, "an alarm stands in its box and not once more"


def test_a_shortcut_is_an_alarm_in_the_header_the_terminal_and_the_card() -> None:
    found = profile(shortcut(0.4))
    assert alarms(found) == [ALARM]
    assert f"! {ALARM}" in printed(found)
    card = next(v for v in verdicts(found) if v.axis == "interpretability")
    assert card.sentences == (ALARM, "No single decisions are shown."), "it is told once"
    assert alarms(profile(shortcut(0.0, alarm=False))) == []


def test_measures_stand_in_the_order_in_which_they_are_read() -> None:
    shown = [gain(0.2), randomisation(1.0), of_method("explanation_stability", "Stable", 0.9)]
    for order in (shown, shown[::-1]):
        found = by_topic(order)
        assert list(found) == ["explained", "believed"]
        assert [m.name for m in found["believed"]] == [
            "weight_randomisation",
            "explanation_stability",
        ]


def test_the_gain_over_chance_is_told_as_far_as_it_is_shown() -> None:
    details = {"sentence": "Explained by Grad-CAM, the most faithful of 6 methods."}
    assert said("explained", gain(0.3, details=details)) == (
        "Explained by Grad-CAM, the most faithful of 6 methods. What its explanations mark matters more "
        "to the answer than what chance marks: +0.300 (0.250–0.350, 62 images)."
    )
    below = replace(gain(0.0), value=-0.2, ci_low=-0.3, ci_high=-0.1)
    assert "matters less to the answer" in said("explained", below)
    unclear = replace(gain(0.02), ci_low=-0.03)
    assert "is not shown: +0.020" in said("explained", unclear)


def test_the_object_is_compared_with_the_best_map_that_knows_nothing() -> None:
    whole = figure(
        "pointing_game", "Pointing game", 0.8, half=0.1, n=50, share=True,
        axis="interpretability", topic="located",
    )  # fmt: skip
    parts = [
        replace(whole, subset=f"baseline={name}", value=value)
        for name, value in (("random", 0.3), ("centre", 0.55), ("edges", 0.4))
    ]
    assert said("located", whole, *parts) == (
        "On 40 of 50 images the place that speaks most for the right answer lies on the object "
        "(70.0–90.0 %); the middle of the image would lie there in 55.0 %."
    )


def concepts(*pairs: tuple[str, str, float, bool]) -> list[Measure]:
    facts: dict[str, Any] = {"axis": "interpretability", "topic": "concept"}
    told = [
        {"concept": concept, "class": name, "value": v, "p_value": 0.01, "significant": meant}
        for concept, name, v, meant in pairs
    ]
    return [
        figure(
            "significant_concepts", "Concepts that count", 0.5, details={"pairs": told}, **facts
        ),
        *(
            figure(
                "concept_sensitivity", "A concept", abs(v), subset=f"concept={c},class={k}", **facts
            )
            for c, k, v, _ in pairs
        ),
    ]


def test_concepts_that_count_are_told_and_stand_in_a_table(small: RunFolder) -> None:
    measures = concepts(
        ("stripes", "zebra", 0.6, True), ("stripes, dark", HOSTILE, -0.7, True), ("dots", "cat", 0.1, False)
    )  # fmt: skip
    assert said("concept", *measures) == (
        f"Of 3 pairs of concept and class 2 have to do with each other: “stripes, dark” speaks against "
        f"“{HOSTILE}” and “stripes” speaks for “zebra”."
    )
    assert "none has more to do" in said("concept", *concepts(("dots", "cat", 0.1, False)))
    found = TrustProfile.load(small.profile_file)
    replace(found, measures=(*found.measures, *measures)).save(small.profile_file)
    page = page_of(small)
    text = page.sections["interpretability"].split("Concepts and classes")[1]
    assert text.index("stripes zebra 0.600") < text.index("dots cat 0.100")
    assert f"stripes, dark {HOSTILE} −0.700" in text
    assert text.count(" yes ") == 2
    assert "By concept" not in text, "the pairs stand in one table"
    assert "<script" not in small.report_file.read_text(encoding="utf-8")


def test_measures_that_do_not_apply_leave_no_sentence() -> None:
    absent = [replace(m, value=None, reason="not tried") for m in (gain(0.1), shortcut(0.1))]
    for topic in (*ASKED, "concept"):
        assert topic_sentences(topic, profile(*absent)) == []  # type: ignore[arg-type]
    assert alarms(profile(*absent)) == []


def test_a_strip_shows_picture_heat_map_and_similar_training_images(small: RunFolder) -> None:
    page = page_of(with_pictures(small, strip()))
    text = page.sections["interpretability"]
    assert "dog taken for cat with 97.0% confidence" in text
    assert "What speaks for cat lies mostly in the lower left" in text
    assert text.count(" similar cat ") == 1, "what is not drawn has no panel"
    assert text.count(" similar dog ") == 1
    assert "train/7.png" in text
    assert "far/away/train/7.png" not in text
    assert "Grad-CAM" in text
    assert "blue, the more it spoke against it" not in text
    pictures = [src for src in page.attributes("img", "src") if src.startswith("data:image")]
    assert len(pictures) == 4
    flipped = [a for tag, a in page.tags if tag == "b" and a.get("class") == "flipped"]
    assert len(flipped) == 1, "the label that is another than the answer is marked"


def test_what_speaks_against_and_what_is_not_to_be_believed_are_explained(small: RunFolder) -> None:
    page = page_of(
        with_pictures(small, strip(signed=True, warning="Not to be believed: it is not."))
    )
    text = page.sections["interpretability"]
    assert "blue, the more it spoke against it" in text
    assert text.count("Not to be believed: it is not.") == 2, "once on top, once under the strip"


def test_what_stands_for_a_class_has_a_part_of_its_own(small: RunFolder) -> None:
    shown = {
        "id": HOSTILE,
        "kind": "class",
        "prototypes": [{"id": "train/1.png", "label": HOSTILE, "file": "pictures/p.png"}],
        "criticisms": [{"id": "train/2", "label": HOSTILE, "text": HOSTILE}],
    }
    Image.new("RGB", (32, 32)).save(small.pictures / "p.png")
    page = page_of(with_pictures(small, strip(), shown))
    text = page.sections["interpretability"].split("What its classes look like")[1]
    assert f"{HOSTILE} typical train/1.png unlike these {HOSTILE}" in text
    assert "#topic-classes" in page.attributes("a", "href")
    assert "1 decision is shown" in page.sections["summary"], "a class is no decision"
    assert "<script" not in small.report_file.read_text(encoding="utf-8")


def test_similar_texts_are_folded_under_a_text(small: RunFolder) -> None:
    shown = {
        "id": "t/1",
        "kind": "random correct",
        "caption": "spam, right",
        "tokens": [["buy", 0.9], [" now", -0.2]],
        "method_title": "Occlusion",
        "predicted": "spam",
        "neighbours": [{"id": "train/3", "label": "ham", "text": "a <b>similar</b> text"}],
    }
    page = page_of(with_pictures(small, shown))
    text = page.sections["interpretability"]
    assert "Similar texts in training similar a <b>similar</b> text ham" in text
    assert "Occlusion" in text
    assert "spoke against it" in text
    unsigned = page_of(with_pictures(small, {**shown, "signed": False}))
    assert "spoke against it" not in unsigned.sections["interpretability"]


def test_many_strips_are_folded(small: RunFolder) -> None:
    page = page_of(with_pictures(small, *(strip(k) for k in range(5))))
    assert "2 more decisions" in page.sections["interpretability"]


def test_a_training_picture_that_is_gone_is_told(small: RunFolder) -> None:
    with_pictures(small, strip())
    (small.path / "pictures/train-7.png").unlink()
    assert page_of(small).sections["interpretability"].count("picture missing") == 1


def test_names_of_methods_are_spelled_as_the_field_spells_them() -> None:
    measures = [
        replace(randomisation(0.9), subset="method=grad_cam_plus_plus"),
        replace(randomisation(0.9), subset="methods=grad_cam,input_x_gradient"),
    ]
    assert [subset_label(m) for m in measures] == ["Grad-CAM++", "Grad-CAM and Input x Gradient"]
