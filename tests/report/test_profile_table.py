"""The table for the terminal."""

import io
import re
from typing import Any

from rich.console import Console

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.report.details import part_told_of
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.terminal import profile_table


def printed(folder: RunFolder, width: int = 80, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(profile_table(TrustProfile.load(folder.profile_file)))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_no_line_is_wider_than_eighty_columns(run: RunFolder, hostile: RunFolder) -> None:
    for folder in (run, hostile):
        assert max(len(line.rstrip()) for line in printed(folder).splitlines()) <= 80


def test_every_measure_for_all_readers_stands_in_one_row(run: RunFolder) -> None:
    rows = [" ".join(line.split()) for line in printed(run, 160).splitlines()]
    for measure in TrustProfile.load(run.profile_file).measures:
        if measure.applies and not measure.subset:
            part = part_told_of(measure)
            title = f"{measure.title} ({part})" if part else measure.title
            cells = [title, value_of(measure), interval_of(measure), str(measure.n)]
            there = " ".join(" ".join(cells).split()) in rows
            assert there != measure.secondary, measure.key


def test_measures_for_closer_looks_are_counted(run: RunFolder) -> None:
    assert re.search(r"\d+ more measures: see the report", printed(run))


def test_the_questions_of_the_accuracy_axis_stand_above_their_measures(run: RunFolder) -> None:
    text = printed(run)
    questions = ["Is it right?", "For whom?", "Does it know when it is not?"]
    places = [text.index(question) for question in questions]
    assert places == sorted(places)
    assert places[2] < text.index("Expected calibration error")


def test_axes_and_parts_are_named(run: RunFolder) -> None:
    text = printed(run)
    for words in ("Data", "Accuracy", "Stability", "scanner A", "corruption Contrast"):
        assert words in text


def test_many_classes_show_the_weakest_and_count_the_others(as_it_comes: RunFolder) -> None:
    text = printed(as_it_comes)
    recalls = TrustProfile.load(as_it_comes.profile_file).subsets("recall")
    weakest = min(recalls, key=lambda m: (m.value, -m.n))
    assert weakest.subset.removeprefix("class=") in text
    assert "... 27 more, none weaker" in text


def test_what_does_not_apply_says_why(as_it_comes: RunFolder) -> None:
    text = " ".join(printed(as_it_comes, 120).split())
    assert "3 measures do not apply: the model was not run on corrupted inputs. They are" in text


def test_notes_are_warnings(run: RunFolder) -> None:
    assert "! 3 items were also used for validation." in printed(run)


def test_names_neither_style_nor_steer_the_terminal(hostile: RunFolder) -> None:
    text = printed(hostile, 160, force_terminal=True, color_system=None)
    assert "\x1b[31mred" not in text
    assert "[31mred" in text
    assert "\u202e" not in text


def test_of_stability_only_the_main_measure_has_parts_and_little_is_said(run: RunFolder) -> None:
    text = printed(run).split("When inputs are damaged")[1].split("Interpretability")[0]
    assert "corruption Contrast" in text
    for part in ("change Shift", "variant", "set Textures", "linf"):
        assert part not in text
    assert len(text.splitlines()) < 60


def test_the_questions_of_stability_stand_above_their_measures(run: RunFolder) -> None:
    text = printed(run)
    questions = ["When inputs are damaged", "When nothing that matters", "When someone wants it"]
    places = [text.index(question) for question in questions]
    assert places == sorted(places)
    assert places[2] < text.index("Accuracy under attack")
