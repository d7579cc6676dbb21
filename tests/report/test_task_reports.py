"""Reports of other tasks than image classification: read off the profile, in words that fit."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from parsed_page import ParsedPage
from rich.console import Console
from synthetic_measures import figure, left_out
from synthetic_task_run import write_task_run
from synthetic_tasks import TASKS

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.report.absent import absent
from finetrust.report.absent import left_out as others
from finetrust.report.html import write_report
from finetrust.report.html.weighted_text import weighted_text
from finetrust.report.model_card import write_model_card
from finetrust.report.next_steps import next_steps
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.preprocessing_facts import preprocessing_in_words
from finetrust.report.terminal import profile_table
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.accuracy import baseline_sentence, headline
from finetrust.report.verdicts.comparison import comparison_sentence


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("tasks")
    return {name: write_task_run(folder / name, name) for name in TASKS}


@pytest.fixture(scope="module")
def pages(runs: dict[str, RunFolder]) -> dict[str, ParsedPage]:
    return {name: ParsedPage.read(write_report(run)) for name, run in runs.items()}


def profile_of(name: str) -> TrustProfile:
    task = TASKS[name]()
    data = {
        "name": "shapes", "n": 62, "fingerprint": "a", "inputs": task.inputs,
        "classes": list(task.classes), "headlines": dict(task.headlines),
    }  # fmt: skip
    return TrustProfile(task.name, {}, data, task.measures, pictures=task.pictures)


def said(name: str, axis: str) -> str:
    found = {verdict.axis: verdict for verdict in verdicts(profile_of(name))}
    return plain(" ".join(found[axis].sentences))  # type: ignore[index]


def plain(text: object) -> str:
    return str(text).replace("\xa0", " ")


def found_in(profile: TrustProfile) -> str:
    return plain(" ".join(step.finding for step in next_steps(profile)))


@pytest.mark.parametrize("name", TASKS)
def test_every_figure_stands_in_the_section_of_its_axis(
    name: str, pages: dict[str, ParsedPage]
) -> None:
    page = pages[name]
    assert page.unbalanced == []
    for measure in TASKS[name]().measures:
        if measure.applies and measure.axis in ("accuracy", "stability"):
            between = ", " if measure.axis == "stability" and measure.subset else " "
            row = f"{value_of(measure)} {interval_of(measure)}{between}{measure.n:,}"
            assert plain(row) in page.sections[measure.axis], measure.key


@pytest.mark.parametrize("name", TASKS)
def test_measures_of_other_tasks_are_told_in_one_line(
    name: str, pages: dict[str, ParsedPage], runs: dict[str, RunFolder]
) -> None:
    page = pages[name]
    reasons = [m.reason for m in TASKS[name]().measures if m.reason and "column" in m.reason]
    told = f"{len(reasons)} measures for other tasks left out"
    assert told in page.sections["method"]
    assert "no column" not in page.text
    assert "Brier" not in page.sections["accuracy"]
    console = Console(file=io.StringIO(), width=80)
    console.print(profile_table(TrustProfile.load(runs[name].profile_file)))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed.count("left out") == 1
    assert told in printed
    assert "no column" not in printed
    card = write_model_card(runs[name]).read_text()
    assert card.count("left out") == 1
    assert "no column" not in card


def test_the_main_measure_of_an_axis_stands_first(
    pages: dict[str, ParsedPage], runs: dict[str, RunFolder]
) -> None:
    accuracy = pages["regression"].sections["accuracy"]
    assert accuracy.index("Explained variance") < accuracy.index("Mean absolute error")
    console = Console(file=io.StringIO(), width=80)
    console.print(profile_table(TrustProfile.load(runs["regression"].profile_file)))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed.index("Explained variance") < printed.index("Mean absolute error")


@pytest.mark.parametrize("name", TASKS)
def test_the_inputs_are_called_what_they_are(name: str, pages: dict[str, ParsedPage]) -> None:
    noun = TASKS[name]().inputs
    page = pages[name]
    assert f"62 test {noun}" in page.text
    assert f"evaluation {noun} is a copy or near copy of a training {noun[:-1]}" in page.text


def test_a_figure_that_is_no_share_is_told_with_its_interval_and_meaning() -> None:
    assert plain(headline(profile_of("detection"))) == (
        "Average precision (AP): 59.9 %. It was judged on 62 images, so the true figure most likely "
        "lies between 55.9 and 63.9 % (95 % interval)."
    )
    assert "every object found in a tight box" in said("detection", "accuracy")
    assert "0.681 and 0.781" in plain(headline(profile_of("regression")))


def test_without_a_meaning_the_first_sentence_of_the_method_stands_in() -> None:
    text = said("segmentation", "accuracy")
    assert "How Mean intersection over union is computed." in text
    assert "Bootstrap" not in text


def test_the_weakest_class_is_told_in_the_kind_of_its_parts() -> None:
    assert "Weakest class: “Platelets”, with 40.3 % (interval" in said("detection", "accuracy")
    assert "Weakest type: “product”, with 12.1 %" in said("token-classification", "accuracy")
    assert "Weakest class: “positive”, recognised in 348 of 400 items" in said(
        "text-classification", "accuracy"
    )


def test_only_shares_are_told_as_frequencies_and_dots(pages: dict[str, ParsedPage]) -> None:
    for name, page in pages.items():
        share = name == "text-classification"
        assert ("A hundred cases" in page.sections["summary"]) == share
        assert ("Right in" in page.sections["summary"]) == share
        assert ("most frequent class" in page.sections["summary"]) == share


def test_the_fall_under_disturbances_is_told_in_the_figure_of_the_task() -> None:
    text = said("detection", "stability")
    assert (
        "it reaches 49.1 % on average (45.1–53.1 %, 62 images), against 59.9 % on the same images untouched"
        in text
    )
    assert "under contrast of severity 5" in text
    assert "it is right in 70.8 % on average" in said("text-classification", "stability")


def test_the_severity_map_has_the_severities_that_were_run(pages: dict[str, ParsedPage]) -> None:
    assert "from mild (1) to severe (3)" in pages["text-classification"].sections["stability"]
    assert "from mild (1) to severe (5)" in pages["segmentation"].sections["stability"]


def test_what_has_no_measures_of_stability_has_no_section(pages: dict[str, ParsedPage]) -> None:
    assert "stability" not in pages["regression"].sections
    assert said("regression", "stability").startswith("Not known: no measure of it fits")


def test_confidence_is_judged_by_every_measure_with_a_diagram() -> None:
    text = said("token-classification", "accuracy")
    assert "Expected calibration error of entities: its confidence is off by 11.2 points" in text
    assert "Expected calibration error of tags: on 62 texts no error of its confidence" in text
    assert "off by 8.3 points" in said("detection", "accuracy")
    assert "It states no confidence that could be judged." in said("regression", "accuracy")


def test_each_diagram_is_drawn_under_the_title_of_its_measure(
    runs: dict[str, RunFolder], pages: dict[str, ParsedPage]
) -> None:
    accuracy = pages["token-classification"].sections["accuracy"]
    assert "Can its confidence be believed? Expected calibration error of entities" in accuracy
    assert "Expected calibration error of tags Before calibration After calibration" in accuracy
    text = runs["token-classification"].report_file.read_text(encoding="utf-8")
    assert text.count('class="plot reliability"') == 3


def test_counts_too_large_for_a_cell_are_percents_of_the_row(
    runs: dict[str, RunFolder], pages: dict[str, ParsedPage]
) -> None:
    assert (
        "Each row holds the pixels of one true class" in pages["segmentation"].sections["accuracy"]
    )
    text = plain(runs["segmentation"].report_file.read_text(encoding="utf-8"))
    assert ">96.3</text>" in text
    assert "sky recognised: 4,160,443 of 4,320,891 (96.3 %)" in text


def test_a_plain_model_stands_beside_the_network(pages: dict[str, ParsedPage]) -> None:
    told = plain(baseline_sentence(profile_of("text-classification")))
    assert told == (
        "A plain model trained on the same data reaches 80.4 % on the same texts. The plain model "
        "counts words (TF-IDF with logistic regression)."
    )
    assert told in pages["text-classification"].sections["summary"]
    assert "Its gain of 8.1 points" in said("text-classification", "accuracy")
    assert baseline_sentence(profile_of("detection")) is None


@pytest.mark.parametrize(
    ("value", "words"), [(0.2, "more than chance"), (-0.2, "use that one"), (0.01, "may be chance")]
)
def test_a_gain_over_the_plain_model_is_judged_by_its_interval(value: float, words: str) -> None:
    gain = replace(
        figure("gain_over_baseline", "Gain", value), ci_low=value - 0.05, ci_high=value + 0.05
    )
    measures = (figure("accuracy", "Accuracy", 0.9, share=True), gain)
    found = verdicts(TrustProfile("t", {}, {}, measures))[0]
    assert words in " ".join(found.sentences)


def test_words_are_coloured_by_their_weight(pages: dict[str, ParsedPage]) -> None:
    page = pages["text-classification"]
    weights = {
        attrs.get("title"): attrs.get("class")
        for tag, attrs in page.tags
        if tag == "span" and attrs.get("title")
    }
    assert weights["+0.91"] == "token for"
    assert weights["\N{MINUS SIGN}0.74"] == "token against"
    assert "spoke against it" in page.sections["interpretability"]
    assert "heat map" not in page.sections["interpretability"]
    assert "1 confident error" in said("text-classification", "interpretability")


def test_pieces_of_a_text_keep_its_spaces() -> None:
    text = ParsedPage(str(weighted_text([["un", 0.5], ["kind", -0.5], [" word", 0.0]])))
    assert "".join(text.text.split()) == "unkindword"
    assert "</span> <span" in weighted_text([["kind", 0.5], [" word", 0.5]])
    assert "</span><span" in weighted_text([["un", 0.5], ["kind", 0.5], [" x", 0.5]])
    assert "</span> <span" in weighted_text([["two", 0.5], ["words", 0.5]])
    assert "<br>" in weighted_text([["one ", 0.5], ["\n", 0.0], ["two", 0.5]])


def test_pieces_of_a_text_cannot_act() -> None:
    shown = weighted_text([["<script>", 1.0], [" \u202e", 5.0]])
    assert "<script" not in shown
    assert "\u202e" not in shown
    assert "--weight: 0.85" in shown


def test_pictures_are_shown_by_kind_with_their_captions(pages: dict[str, ParsedPage]) -> None:
    text = pages["detection"].sections["interpretability"]
    assert "Missed objects" in text
    assert "Platelets of 22 x 19 pixels, not found" in text
    assert "Worst images" in pages["segmentation"].sections["interpretability"]
    kinds = [attrs.get("class") for tag, attrs in pages["segmentation"].tags if tag == "figure"]
    assert kinds.count("case wide") == 2
    assert "Missed entity" in pages["token-classification"].sections["interpretability"]


def test_the_data_report_counts_what_the_task_counts(pages: dict[str, ParsedPage]) -> None:
    data = pages["detection"].sections["data"]
    assert "The number of boxes per class and split" in data
    assert "All images 400 100 62" in data
    assert "1 problem with labels" in data
    assert "reaches over the border by 4 pixels" in data
    assert "Sizes in words 1 to 54, median 19" in pages["text-classification"].sections["data"]
    assert "Classes without items" not in pages["regression"].sections["data"]


def test_a_validation_figure_is_called_as_its_measure(
    runs: dict[str, RunFolder], pages: dict[str, ParsedPage]
) -> None:
    assert "Average precision (AP)" in pages["detection"].sections["curves"]
    assert "Token accuracy" in pages["token-classification"].sections["curves"]
    chart = runs["regression"].report_file.read_text().split('id="curves"')[1].split("</section")[0]
    assert ">0.6</text>" in chart
    assert ">60%</text>" not in chart


def test_validation_figures_of_an_unevaluated_run_are_percents_where_they_can_be(
    tmp_path: Path,
) -> None:
    run = write_task_run(tmp_path / "run", "detection", evaluated=False)
    assert "Ap50 87.0 %" in plain(ParsedPage.read(write_report(run)).sections["summary"])


def test_preprocessing_is_told_in_words() -> None:
    told = preprocessing_in_words(TASKS["token-classification"]().preprocessing)
    assert (
        told == "tokenizer sha256 9c9c9c9c9c9c…, max length 128, pad id 0, segments yes, words yes"
    )
    letterbox = preprocessing_in_words(TASKS["detection"]().preprocessing)
    assert letterbox.startswith("height 416, width 416, interpolation bilinear, minus mean 0.485")
    cropped = preprocessing_in_words(TASKS["regression"]().preprocessing)
    assert cropped == (
        "shorter side to 96 px (bicubic), centre 96 px, minus mean 0.5, 0.5, 0.5, divided by "
        "0.5, 0.5, 0.5"
    )


def test_classes_are_judged_by_the_main_measure_of_the_task() -> None:
    profile = profile_of("detection")
    without = tuple(m for m in profile.measures if m.subset != "class=WBC")
    told = found_in(TrustProfile("detection", {}, profile.data, without))
    assert "1 class has no evaluation images" in told
    assert "“WBC”" in told
    few = found_in(profile_of("segmentation"))
    assert "the interval of the mean intersection over union is 16.0 points wide" in few


def test_runs_are_compared_by_the_main_measure_of_the_task() -> None:
    ours = profile_of("detection")
    lower = figure("ap", "Average precision (AP)", 0.3)
    theirs = TrustProfile("detection", {}, ours.data, (lower,))
    told = plain(comparison_sentence(ours, theirs, "scratch"))
    assert told.startswith("On the same images, “scratch” reaches 30.0 %.")
    assert "more than chance" in told
    assert comparison_sentence(ours, profile_of("regression"), "other") is None


def test_measures_with_one_reason_are_told_together() -> None:
    reason = "there are no small objects"
    measures = [figure(name, name.upper(), None, reason=reason) for name in "abcdefgh"]
    (group,) = absent([*measures, *left_out("Accuracy")])
    assert group.subject == "8 measures"
    assert group.told == f"do not apply: {reason}. They are A, B, C, D, E and 3 more"
    (single,) = absent(measures[:1])
    assert f"{single.subject} {single.told}" == f"A does not apply: {reason}"
    assert others(measures) is None


@pytest.mark.parametrize("name", TASKS)
def test_the_model_card_names_the_pipeline_and_an_input_of_the_kind(
    name: str, runs: dict[str, RunFolder]
) -> None:
    card = write_model_card(runs[name]).read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    task = TASKS[name]()
    assert front.get("pipeline_tag", "") == task.pipeline
    example = "some text" if task.inputs == "texts" else "photo.jpg"
    assert f'run.predict("{example}")' in card
    assert f"62 test {task.inputs} of shapes" in card
