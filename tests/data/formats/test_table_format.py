import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from data.pictures import checked, folder_of, labels_of, splits_of
from finetrust.core.errors import UserError
from finetrust.data.source import DataOptions, open_dataset

ROWS = [
    {"path": "p/000.jpg", "label": "01", "split": "train", "camera": "a"},
    {"path": "p/001.jpg", "label": "2", "split": "validation", "camera": "b"},
    {"path": "p/002.jpg", "label": "01", "split": "Test", "camera": "a"},
]


def write_table(folder: Path, kind: str, rows: list[dict]) -> Path:
    folder_of(folder, {"p": 4})
    file = folder / f"data.{kind}"
    if kind == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), file)
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        comma = "\t" if kind == "tsv" else ","
        lines = [list(rows[0]), *(row.values() for row in rows)]
        file.write_text("\n".join(comma.join(map(str, line)) for line in lines) + "\n")
    return file


def write_csv(folder: Path, text: str) -> Path:
    folder_of(folder, {"p": 4})
    file = folder / "data.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl"])
def test_every_kind_of_table_says_the_same(tmp_path: Path, kind: str) -> None:
    file = write_table(tmp_path, kind, ROWS)
    dataset = open_dataset(file, DataOptions(group_columns=("camera",)))
    assert labels_of(dataset) == {"p/000.jpg": "01", "p/001.jpg": "2", "p/002.jpg": "01"}
    assert list(splits_of(dataset).values()) == ["train", "val", "test"]
    assert dataset.groups["camera"].tolist() == ["a", "b", "a"]
    assert dataset.inputs[1].size == (48, 40)


def test_labels_stay_as_they_are_written(tmp_path: Path) -> None:
    rows = [{"path": f"p/00{i}.jpg", "label": label} for i, label in enumerate((10, 9, True))]
    assert open_dataset(write_table(tmp_path, "jsonl", rows)).classes == ("10", "9", "True")


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    rows = [{"file": "p/000.jpg", "kind": "a", "fold": "train"}]
    options = DataOptions(path_column="file", label_column="kind", split_column="fold")
    dataset = open_dataset(write_table(tmp_path, "csv", rows), options)
    assert splits_of(dataset) == {"p/000.jpg": "train"}


def test_semicolons_quotes_blank_lines_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    text = '\ufeffpath;label\n"p/000.jpg";"a;b"\n\np/001.jpg; c \n'
    assert labels_of(open_dataset(write_csv(tmp_path, text))) == {
        "p/000.jpg": "a;b",
        "p/001.jpg": "c",
    }


def test_without_a_split_column_no_split_is_named(tmp_path: Path) -> None:
    dataset = open_dataset(write_csv(tmp_path, "path,label\np/000.jpg,a\np/001.jpg,b\n"))
    assert set(splits_of(dataset).values()) == {""}


def test_paths_may_be_absolute(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a", f"path,label\n{tmp_path}/a/p/000.jpg,x\n")
    assert open_dataset(file).inputs[0].size == (48, 40)


def test_a_path_named_twice_keeps_both_rows(tmp_path: Path) -> None:
    text = "path,label\np/000.jpg,a\np/000.jpg,b\np/001.jpg,b\np/002.jpg,a\n"
    dataset, report, _ = checked(open_dataset(write_csv(tmp_path, text)))
    assert dataset.ids[:2] == ("p/000.jpg", "p/000.jpg (row 3)")
    assert report.to_dict()["conflicting_labels"] == [["p/000.jpg", "a", "p/000.jpg (row 3)", "b"]]


@pytest.mark.parametrize("path", ["p/gone.jpg", "p/0\0.jpg"])
def test_a_missing_file_is_skipped_and_named_with_its_row(path: str, tmp_path: Path) -> None:
    """Also a path that no file system could have, as a damaged table may hold."""
    text = f"path,label\np/000.jpg,a\n{path},a\np/001.jpg,b\n"
    dataset, report, _ = checked(open_dataset(write_csv(tmp_path, text)))
    assert len(dataset) == 2
    [(name, reason)] = report.unreadable
    assert name == path
    assert reason.startswith("row 3: there is no file ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pth,label\np/000.jpg,a\n", r"data\.csv: there is no column 'path'.*Did you mean 'pth'\?"),
        ("path,label\np/000.jpg,a\np/001.jpg,\n", r"data\.csv, row 3: column 'label' is empty"),
        ("path,label\n,a\n", r"data\.csv, row 2: column 'path' is empty"),
        (
            "path,label,split\np/000.jpg,a,train\n\np/001.jpg,b,tset\n",
            r"row 4: split 'tset' is none of train, val, test.*Did you mean 'test'\?",
        ),
        (
            "path,label,split\np/000.jpg,a,train\np/001.jpg,b,\n",
            r"row 3: no split in column 'split'",
        ),
        ("path,label\np/000.jpg,a,b\n", r"row 2: 3 fields instead of 2"),
        ("path,label\n", r"the table has no rows"),
        ("", r"there is no column 'path'.*; the file is empty\."),
        ("\npath,label\n", r"there is no column 'path'.*; the first line names none\."),
        ("path,label,label\np/000.jpg,a,b\n", r"data\.csv: 2 columns are called 'label'"),
        ("path,path,label\np/000.jpg,x,a\n", r"data\.csv: 2 columns are called 'path'"),
        ("path,label\nq/1.jpg,a\nq/2.jpg,b\n", r"none of the 2 files exists, row 2 .*q/1\.jpg"),
    ],
)
def test_a_bad_csv_file_is_an_error_that_says_where(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        open_dataset(write_csv(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"path": "p/000.jpg", "label": "a"}\nnonsense\n', r"data\.jsonl, row 2: not JSON"),
        (b"[1]\n", r"row 1: expected a JSON object"),
        (b'{"path": "p/000.jpg", "label": null}\n', r"row 1: column 'label' is empty"),
        (
            b'{"path": "p/000.jpg", "label": "a"}\n{"path": "p/001.jpg", "label": ["a"]}\n',
            r"row 2: column 'label' holds \['a'\], .* Write a plain label",
        ),
        (b"\xff\xfe", r"not UTF-8"),
    ],
)
def test_bad_json_lines_are_an_error_that_says_where(
    tmp_path: Path, content: bytes, message: str
) -> None:
    folder_of(tmp_path, {"p": 1})
    (tmp_path / "data.jsonl").write_bytes(content)
    with pytest.raises(UserError, match=message):
        open_dataset(tmp_path / "data.jsonl")


def test_a_file_that_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_bytes(b"no")
    with pytest.raises(UserError, match=r"data\.parquet: cannot be read as Parquet"):
        open_dataset(tmp_path / "data.parquet")


def test_a_csv_file_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes("path,label\nä.jpg,ü\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"Save it as CSV in UTF-8"):
        open_dataset(tmp_path / "data.csv")


@pytest.mark.parametrize("column", ["split_column", "label_column", "group_columns"])
def test_a_column_that_is_asked_for_must_be_there(tmp_path: Path, column: str) -> None:
    value = ("camra",) if column == "group_columns" else "camra"
    file = write_table(tmp_path, "csv", ROWS)
    with pytest.raises(UserError, match=r"no column 'camra'.*Did you mean 'camera'\?"):
        open_dataset(file, DataOptions(**{column: value}))


def test_a_column_that_is_there_twice_and_not_needed_does_not_matter(tmp_path: Path) -> None:
    text = "path,label,note,note\np/000.jpg,a,x,y\np/001.jpg,b,x,y\n"
    assert open_dataset(write_csv(tmp_path, text)).classes == ("a", "b")


@pytest.mark.parametrize(
    ("option", "value"),
    [("text_column", "camera"), ("text_pair_column", "camera"), ("label_separator", ";")],
)
def test_options_of_texts_mean_nothing_for_images(tmp_path: Path, option: str, value: str) -> None:
    file = write_table(tmp_path, "csv", ROWS)
    flag = f"--{option.replace('_', '-')}"
    told = f"{flag} means nothing for a table of images. .* give a table of texts"
    with pytest.raises(UserError, match=told):
        open_dataset(file, DataOptions(**{option: value}, task="classification"))
