import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from finetrust.core.errors import UserError
from finetrust.data.data_report import DataReport
from finetrust.data.dataset import Dataset
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.tasks.task import tasks

ROWS = [
    {"text": 'He said, "no".', "label": "bad", "split": "train"},
    {"text": "two\nlines", "label": "good", "split": "dev"},
    {"text": " spaces around ", "label": "bad", "split": "test"},
]


def write(folder: Path, kind: str, rows: list[dict]) -> Path:
    file = folder / f"data.{kind}"
    if kind == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), file)
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with file.open("w", newline="", encoding="utf-8") as lines:
            table = csv.writer(lines, delimiter="\t" if kind == "tsv" else ",")
            table.writerows([list(rows[0]), *(row.values() for row in rows)])
    return file


def values(dataset: Dataset) -> list:
    return [dataset.inputs[i] for i in range(len(dataset))]


def checked(dataset: Dataset, **options: object) -> tuple[Dataset, DataReport]:
    found, report, _ = check(dataset, tasks.get(dataset.task), cut=False, **options)
    return found, report


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl"])
def test_every_kind_of_table_says_the_same(tmp_path: Path, kind: str) -> None:
    dataset = open_dataset(write(tmp_path, kind, ROWS))
    assert values(dataset) == ['He said, "no".', "two\nlines", "spaces around"]
    assert (dataset.task, dataset.kind.name) == ("text-classification", "text")
    assert dataset.classes == ("bad", "good")
    assert dataset.targets.tolist() == [0, 1, 0]
    assert dataset.splits.tolist() == ["train", "val", "test"]


def test_a_table_with_paths_is_still_one_of_images(tmp_path: Path) -> None:
    from data.pictures import folder_of

    folder_of(tmp_path, {"p": 1})
    file = write(tmp_path, "csv", [{"path": "p/000.jpg", "text": "caption", "label": "a"}])
    assert open_dataset(file).task == "classification"
    assert open_dataset(file, DataOptions(task="text-classification")).kind.name == "text"


def test_the_text_may_stand_in_a_column_of_another_name_beside_a_path(tmp_path: Path) -> None:
    file = write(tmp_path, "csv", [{"path": "x.jpg", "review": "nice", "label": "a"}])
    assert values(open_dataset(file, DataOptions(text_column="review"))) == ["nice"]


def test_a_second_column_makes_pairs(tmp_path: Path) -> None:
    rows = [{"text": "a", "other": "b", "label": "x"}, {"text": "a", "other": "c", "label": "x"}]
    dataset = open_dataset(
        write(tmp_path, "csv", rows), DataOptions(text_pair_column="other", split_column="split")
    )
    assert values(dataset) == [("a", "b"), ("a", "c")]
    assert dataset.inputs.content(0) != dataset.inputs.content(1)


def test_a_table_without_texts_or_paths_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    file = write(tmp_path, "csv", [{"txt": "a", "label": "x"}])
    with pytest.raises(UserError, match=r"no column 'path' or 'text'; .*Did you mean 'txt'\?"):
        open_dataset(file)
    with pytest.raises(UserError, match=r"no column 'othr'.*Did you mean 'other'\?"):
        open_dataset(
            write(tmp_path, "csv", [{"text": "a", "other": "b", "label": "x"}]),
            DataOptions(text_pair_column="othr"),
        )


def test_lists_of_labels_are_multi_hot_rows(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "label": ["x", "y"]},
        {"text": "b", "label": []},
        {"text": "c", "label": ["y"]},
    ]
    for kind in ("jsonl", "parquet"):
        dataset = open_dataset(write(tmp_path, kind, rows))
        assert dataset.task == "multi-label-text-classification"
        assert dataset.classes == ("x", "y")
        assert dataset.targets.tolist() == [[1, 1], [0, 0], [0, 1]]
        assert dataset.targets.dtype == np.float32


def test_labels_are_separated_where_the_user_says_by_what(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": "x | y"}, {"text": "b", "label": ""}]
    dataset = open_dataset(write(tmp_path, "csv", rows), DataOptions(label_separator="|"))
    assert dataset.classes == ("x", "y")
    assert dataset.targets.tolist() == [[1, 1], [0, 0]]


def test_a_label_beside_lists_of_labels_is_an_error(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": ["x"]}, {"text": "b", "label": "y"}]
    with pytest.raises(
        UserError, match=r"row 2: column 'label' holds 'y' where other rows hold a list"
    ):
        open_dataset(write(tmp_path, "jsonl", rows))


def test_a_broken_text_is_left_out_and_named_by_row_and_byte(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes("text,label\ngood,a\nä caf".encode() + b"\xe9 au lait,b\nfine,b\n")
    dataset, report = checked(open_dataset(file))
    assert dataset.ids == ("row 2", "row 4")
    [(name, reason)] = report.unreadable
    assert name == "row 3"
    assert reason == "byte 6 of the text, 0xe9 after 'ä caf', is not UTF-8"
    with pytest.raises(UserError, match=r"row 3 cannot be read .*0xe9.*--on-error skip"):
        checked(open_dataset(file), on_error="fail")


def test_a_broken_text_in_json_lines_is_left_out_too(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(b'{"text": "caf\xe9", "label": "a"}\n{"text": "b", "label": "b"}\n')
    dataset, report = checked(open_dataset(file))
    assert dataset.ids == ("row 2",)
    assert "byte 3 of the text, 0xe9" in report.unreadable[0][1]


def test_a_broken_label_is_an_error_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(b"text,label\ngood,a\nbad,caf\xe9\n")
    with pytest.raises(UserError, match=r"row 3: column 'label' is not UTF-8 \(byte 0xe9\)"):
        open_dataset(file)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_file_in_utf_16_is_an_error(tmp_path: Path, kind: str) -> None:
    (tmp_path / f"data.{kind}").write_text("text,label\na,b\n", encoding="utf-16")
    with pytest.raises(UserError, match=r"not UTF-8 but UTF-16\. Save it as UTF-8"):
        open_dataset(tmp_path / f"data.{kind}")


def test_empty_texts_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": "x"}, {"text": "  ", "label": "y"}, {"text": None, "label": "y"}]
    dataset, report = checked(open_dataset(write(tmp_path, "jsonl", rows)))
    assert dataset.ids == ("row 1",)
    assert list(report.unreadable) == [
        ("row 2", "the text is empty"),
        ("row 3", "the text is empty"),
    ]


def test_half_of_a_pair_is_left_out_too(tmp_path: Path) -> None:
    rows = [{"text": "a", "b": "x", "label": "x"}, {"text": "a", "b": "", "label": "y"}]
    _, report = checked(
        open_dataset(write(tmp_path, "csv", rows), DataOptions(text_pair_column="b"))
    )
    assert [reason for _, reason in report.unreadable] == ["a text is empty"]


def test_duplicate_and_contradictory_rows_are_reported(tmp_path: Path) -> None:
    rows = [
        {"text": "the very same text", "label": "x", "split": "train"},
        {"text": "the very same text ", "label": "y", "split": "test"},
        {"text": "The very same text!", "label": "x", "split": "test"},
        {"text": "something else", "label": "y", "split": "train"},
    ]
    _, report = checked(open_dataset(write(tmp_path, "csv", rows)))
    assert (report.exact_duplicates.n_pairs, report.exact_duplicates.across_splits) == (1, 1)
    assert report.near_duplicates.across_splits == 1
    assert ("row 2", "x", "row 3", "y") in report.conflicting_labels
    assert any("contradictory labels" in warning for warning in report.warnings)


def test_a_ragged_row_is_an_error_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("text,label\ngood,a\nwell, well,b\n")
    with pytest.raises(UserError, match=r"row 3: 3 fields instead of 2.*needs quotes"):
        open_dataset(tmp_path / "data.csv")


def test_a_quote_that_is_never_closed_is_an_error_and_swallows_nothing(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('text,label\n"good,a\nbad,b\n')
    with pytest.raises(
        UserError, match=r"cannot be read as CSV \(unexpected end of data, line 3\)"
    ):
        open_dataset(tmp_path / "data.csv")


def test_quotes_in_a_table_with_tabs_may_be_plain_characters(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_text('text\tlabel\n"good" film\ta\n"half open\tb\n')
    assert values(open_dataset(tmp_path / "data.tsv")) == ['"good" film', '"half open']


def test_a_text_may_be_very_long(tmp_path: Path) -> None:
    long = "word " * 100_000
    file = write(tmp_path, "csv", [{"text": long, "label": "a"}, {"text": "b", "label": "b"}])
    before = csv.field_size_limit()
    _, report = checked(open_dataset(file))
    assert report.sizes.max == (100_000,)
    assert csv.field_size_limit() == before


def test_numbers_are_texts_too(tmp_path: Path) -> None:
    assert values(open_dataset(write(tmp_path, "jsonl", [{"text": 12, "label": 1}]))) == ["12"]
