"""The stability section: question by question, each figure and each reason once, and the strips."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from parsed_page import ParsedPage
from synthetic_run import HOSTILE

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.report.html import write_report
from finetrust.report.html.part_grid import part_grids
from finetrust.report.names import is_part
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.topics import QUESTIONS
from finetrust.report.trials import trials_of

ASKED = ("damage", "harmless", "attack", "unfamiliar", "retrained", "numerics")


def page_of(folder: RunFolder) -> ParsedPage:
    return ParsedPage.read(write_report(folder))


@pytest.fixture(scope="module")
def page(run: RunFolder) -> ParsedPage:
    return page_of(run)


def part(page: ParsedPage, topic: str) -> str:
    """Return the text of one question, up to the next."""
    after = page.sections["stability"].split(QUESTIONS[topic])[1]
    for other in (*(QUESTIONS[t] for t in ASKED), "What it looks like"):
        after = after.split(other)[0]
    return after


def test_the_questions_stand_in_their_order_and_in_the_contents(page: ParsedPage) -> None:
    places = [page.sections["stability"].index(QUESTIONS[topic]) for topic in ASKED]
    assert places == sorted(places)
    links = [f"#topic-{topic}" for topic in ASKED] + ["#topic-examples"]
    found = [link for link in page.attributes("a", "href") if link in links]
    assert found == links


def test_every_measure_belongs_to_a_question(run: RunFolder) -> None:
    measures = TrustProfile.load(run.profile_file).axis("stability")
    assert {m.name for m in measures if m.topic not in ASKED} == set()


def test_each_whole_figure_stands_once_in_the_part_of_its_question(
    page: ParsedPage, run: RunFolder
) -> None:
    measures = [m for m in TrustProfile.load(run.profile_file).axis("stability") if m.applies]
    whole = [m for m in measures if not m.subset]
    rows = Counter(f"{value_of(m)} {interval_of(m)} {m.n:,} ".replace("\xa0", " ") for m in whole)
    for measure in whole:
        row = f"{value_of(measure)} {interval_of(measure)} {measure.n:,} ".replace("\xa0", " ")
        shown = part(page, measure.topic)
        assert f"{measure.title} " in shown
        assert row in shown, measure.key
        assert page.sections["stability"].count(row) == rows[row], measure.key


def test_a_reason_is_told_once_for_each_question(page: ParsedPage, run: RunFolder) -> None:
    measures = TrustProfile.load(run.profile_file).axis("stability")
    reasons = {(m.topic, m.reason) for m in measures if m.reason and "no column" not in m.reason}
    assert reasons
    for topic, reason in reasons:
        assert part(page, topic).count(f": {reason}.") == 1, (topic, reason)


def test_signs_of_masked_gradients_are_a_warning(page: ParsedPage, run: RunFolder) -> None:
    warning = TrustProfile.load(run.profile_file)["gradient_masking"].details["warning"]
    assert part(page, "attack").count(warning) == 1
    assert warning in page.sections["summary"]


def test_grids_hold_every_part_once_and_tell_what_has_no_figure(run: RunFolder) -> None:
    parts = [m for m in TrustProfile.load(run.profile_file).axis("stability") if is_part(m)]
    harmless = [m for m in parts if m.name.startswith("harmless")]
    (grid,) = part_grids(harmless)
    assert grid.title == "By kind of change"
    cells = [cell for _, row in grid.rows for cell in row if cell is not None]
    assert sorted(m.key for m in cells) == sorted(m.key for m in harmless if m.applies)
    first = [row[0].value for _, row in grid.rows if row[0] is not None]
    direction = 1 if grid.rows[0][1][0].better == "higher" else -1
    assert first == sorted(first, key=lambda value: direction * value)


def test_sizes_of_attacks_keep_their_order(run: RunFolder) -> None:
    profile = TrustProfile.load(run.profile_file)
    sizes = [m for m in profile.subsets("robust_accuracy") if m.subset.startswith("linf=")]
    (grid,) = part_grids(sizes)
    numbers = [float(label.partition("/")[0]) for label, _ in grid.rows]
    assert numbers == sorted(numbers)
    assert not grid.ranked


def test_strips_show_every_panel_with_answer_and_confidence(page: ParsedPage) -> None:
    text = page.sections["stability"].split("What it looks like")[1]
    assert text.count("Right, until a harmless change flips the answer") == 1
    for told in (
        "Untouched 0 , 98.0 % sure",
        "JPEG compression, severity 5 of 5 no answer",
        "Harmless: shift, down 4 9 (wrong) , 61.0 % sure",
        "Attack: every colour moved by 2.4 of 255 levels at most 9 (wrong) , 50.0 % sure",
        "Its change, enlarged 54 times Label: 0",
    ):
        assert text.count(told) == 2, told


def test_strips_are_no_explanations(page: ParsedPage) -> None:
    assert "Untouched" not in page.sections["interpretability"]
    assert "6 decisions are shown" in page.sections["summary"]


def test_a_strip_without_its_files_says_so(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "lost")
    shutil.copytree(run.path, folder.path)
    shutil.rmtree(folder.pictures / "strips")
    assert page_of(folder).sections["stability"].count("picture missing") == 10


def test_texts_stand_in_their_strips_as_text(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "texts")
    shutil.copytree(run.path, folder.path)
    raw = json.loads(folder.profile_file.read_text())
    panels = [
        {"kind": "untouched", "text": HOSTILE, "predicted": "a", "confidence": 0.9, "right": True},
        {"kind": "corruption", "type": "typos", "severity": 2, "of": 3, "text": "x" * 500,
         "predicted": "b", "confidence": 0.6, "right": False},
    ]  # fmt: skip
    raw["pictures"] = [
        {"id": HOSTILE, "kind": "answer that flips", "target": "a", "panels": panels},
        {"id": "t1", "kind": "{odd} kind", "target": "a", "panels": panels},
    ]
    folder.profile_file.write_text(json.dumps(raw))
    page = page_of(folder)
    text = page.sections["stability"].split("What it looks like")[1]
    assert "Right, until typos flip the answer" in text
    assert "{odd} kinds" in text
    assert "Typos, severity 2 of 3" in text
    assert text.count(HOSTILE) == 3
    assert "<script" not in folder.report_file.read_text(encoding="utf-8")
    assert "x" * 399 + "…" in text


def test_what_trials_cost_and_why_others_were_not_held_is_told(
    page: ParsedPage, run: RunFolder
) -> None:
    text = page.sections["provenance"]
    assert "Attacks 5.9 s Damaged inputs 2.5 s Proofs by noise — it is held at effort full" in text
    assert "trials" not in text.split("Time of the evaluation")[1].split("Versions")[0].lower()
    titles = [trial.title for trial in trials_of(TrustProfile.load(run.profile_file))]
    assert titles == ["Attacks", "Damaged inputs", "Proofs by noise"]


def test_a_profile_from_before_there_were_trials_is_reported(
    run: RunFolder, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "old")
    shutil.copytree(run.path, folder.path)
    raw = json.loads(folder.profile_file.read_text())
    raw["context"]["seconds"] = {"predictions": 1.2, "corruptions": 8.4}
    del raw["context"]["untried"]
    raw["measures"] = [
        {**m, "topic": ""} for m in raw["measures"] if m["name"].startswith(("acc", "corruption_a"))
    ]
    folder.profile_file.write_text(json.dumps(raw))
    page = page_of(folder)
    assert "Trials of stability" not in page.sections["provenance"]
    assert "Accuracy under common corruptions" in page.sections["stability"]
