import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from data.pictures import checked, folder_of, picture
from finetrust.data.data_report import DataReport, Pairs
from finetrust.data.data_warnings import warnings_of
from finetrust.data.source import open_dataset


def report_of(root: Path, counts: dict[str, int], cut: bool = True) -> DataReport:
    return checked(open_dataset(folder_of(root, counts)), cut=cut)[1]


def shown(report: DataReport, width: int = 100) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(report)
    return capture.get()


def test_the_saved_report_has_the_documented_fields(tmp_path: Path) -> None:
    report = report_of(
        tmp_path / "data", {"train/cat": 4, "train/dog": 4, "val/cat": 2, "val/dog": 1}
    )
    report.save(tmp_path / "run" / "report.json")
    saved = json.loads((tmp_path / "run" / "report.json").read_text())
    assert saved == {
        "name": str(tmp_path / "data"),
        "n": 11,
        "inputs": "images",
        "counted": "images",
        "splits": {
            "train": {"n": 8, "classes": {"cat": 4, "dog": 4}},
            "val": {"n": 3, "classes": {"cat": 2, "dog": 1}},
        },
        "unreadable": [],
        "problems": [],
        "n_problems": 0,
        "empty_classes": [],
        "single_item_classes": [],
        "exact_duplicates": {"n_pairs": 0, "across_splits": 0, "pairs": []},
        "near_duplicates": {"n_pairs": 0, "across_splits": 0, "pairs": []},
        "conflicting_labels": [],
        "sizes": {
            "min": [48, 40],
            "median": [48, 40],
            "max": [48, 40],
            "distinct": 1,
            "unit": "pixels",
        },
        "warnings": [],
    }


def test_sizes_are_those_of_the_smallest_median_and_largest_image(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": 2, "b": 2})
    for number, size in enumerate([(10, 90), (200, 100), (9, 9)]):
        picture(100 + number, size).save(tmp_path / "a" / f"s{number}.png")
    sizes = checked(open_dataset(tmp_path))[1].to_dict()["sizes"]
    assert sizes == {
        "min": [9, 9],
        "median": [48, 40],
        "max": [200, 100],
        "distinct": 4,
        "unit": "pixels",
    }


@pytest.mark.parametrize(
    ("counts", "warning"),
    [
        ({"a": 9, "b": 9, "c": 0}, "No images in class 'c'"),
        ({"a": 9, "b": 9, "c": 1}, "Only one of the images in class 'c'"),
        ({"a": 80, "b": 6}, "Class 'a' has 56 training images, 'b' only"),
        ({"Ants": 9, "ants": 9}, "Classes 'Ants' and 'ants' differ in spelling only"),
        (
            {"train/ants": 5, "train/bees": 5, "val/ant": 2, "val/bees": 2},
            "In val but not in train: class 'ant'. It cannot be learned. Did you mean 'ants'?",
        ),
        (
            {"train/a": 5, "train/b": 5, "val/a": 2},
            "In train but not in val: class 'b'. It cannot be judged there.",
        ),
    ],
)
def test_what_is_wrong_with_the_classes_is_told(
    tmp_path: Path, counts: dict[str, int], warning: str
) -> None:
    warnings = report_of(tmp_path, counts).warnings
    assert any(warning in told for told in warnings), warnings


def test_sound_data_give_no_warning(tmp_path: Path) -> None:
    assert report_of(tmp_path, {"a": 20, "b": 20}).warnings == ()


def test_data_to_judge_on_are_not_blamed_for_having_no_validation_split(tmp_path: Path) -> None:
    assert report_of(tmp_path, {"a": 3, "b": 3}, cut=False).warnings == ()


def test_no_validation_split_is_told(tmp_path: Path) -> None:
    opened = open_dataset(folder_of(tmp_path, {"train/a": 3, "train/b": 3}))
    [warning] = checked(opened, val_fraction=0)[1].warnings
    assert warning.startswith("There is no validation split")


def test_a_box_that_was_dropped_is_no_label_that_was_mended(tmp_path: Path) -> None:
    found = ("a/000.jpg", "object 2 ('cat') is empty or inverted (1, 1, 1, 5), dropped")
    report = replace(report_of(tmp_path, {"a": 20, "b": 20}), problems=(found,))
    assert warnings_of(report) == [
        f"1 problem with the labels, for example {found[0]}: {found[1]}."
    ]


def test_at_most_a_hundred_pairs_are_kept_those_across_splits_first() -> None:
    within = [(f"a{i}", "train", f"b{i}", "train") for i in range(500)]
    pairs = Pairs.of([*within, ("x", "train", "y", "test")])
    assert (pairs.n_pairs, pairs.across_splits, len(pairs.pairs)) == (501, 1, 100)
    assert pairs.pairs[0] == ("x", "train", "y", "test")


def test_the_terminal_shows_counts_sizes_and_warnings(tmp_path: Path) -> None:
    text = shown(report_of(tmp_path, {"cat": 10, "dog": 20, "emu": 1}))
    assert "31 images, 3 classes" in text
    assert "train" in text
    assert "All images have 48 x 40 pixels." in text
    assert "! Only one of the images in class 'emu'" in text


def test_the_terminal_shows_names_as_they_are_and_not_as_markup(tmp_path: Path) -> None:
    text = shown(report_of(tmp_path, {"[red]": 3, "dog": 3, "[bold]x": 0}))
    assert "[red]" in text
    assert "No images in class '[bold]x'" in text


def test_a_thousand_classes_do_not_fill_the_terminal(tmp_path: Path) -> None:
    report = report_of(tmp_path, {f"class{i:03d}": 2 for i in range(60)})
    assert "... 40 more" in shown(report)
    assert len(shown(report).splitlines()) < 40
