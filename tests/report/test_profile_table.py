"""The table for the terminal."""

import io
from typing import Any

from rich.console import Console

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.terminal import profile_table


def printed(folder: RunFolder, width: int = 80, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(profile_table(TrustProfile.load(folder.profile_file)))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_no_line_is_wider_than_eighty_columns(run: RunFolder, hostile: RunFolder) -> None:
    for folder in (run, hostile):
        assert max(len(line.rstrip()) for line in printed(folder).splitlines()) <= 80


def test_every_measure_stands_in_one_row_with_value_interval_and_items(run: RunFolder) -> None:
    rows = [" ".join(line.split()) for line in printed(run, 120).splitlines()]
    for measure in TrustProfile.load(run.profile_file).measures:
        if measure.applies and not measure.subset:
            cells = [measure.title, value_of(measure), interval_of(measure), str(measure.n)]
            wanted = " ".join(" ".join(cells).split())
            assert wanted in rows


def test_axes_and_parts_are_named(run: RunFolder) -> None:
    text = printed(run)
    for words in ("Data", "Accuracy", "Stability", "class 7", "scanner A", "corruption Contrast"):
        assert words in text


def test_many_classes_show_the_weakest_and_count_the_others(as_it_comes: RunFolder) -> None:
    text = printed(as_it_comes)
    recalls = TrustProfile.load(as_it_comes.profile_file).subsets("recall")
    weakest = min(recalls, key=lambda m: (m.value, -m.n))
    assert weakest.subset.removeprefix("class=") in text
    assert "... 25 more, none weaker" in text


def test_what_does_not_apply_says_why(as_it_comes: RunFolder) -> None:
    text = " ".join(printed(as_it_comes, 120).split())
    assert "2 measures do not apply: the model was not run on corrupted inputs. They are" in text


def test_notes_are_warnings(run: RunFolder) -> None:
    assert "! 3 items were also used for validation." in printed(run)


def test_names_neither_style_nor_steer_the_terminal(hostile: RunFolder) -> None:
    text = printed(hostile, 160, force_terminal=True, color_system=None)
    assert "\x1b[31mred" not in text
    assert "[31mred" in text
    assert "\u202e" not in text
