"""Tables of predictions that were made elsewhere."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyarrow import parquet

from finetrust.core.errors import UserError
from finetrust.data.predictions_table import PredictionColumns, read_class_predictions

PROBABILITIES = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.25, 0.25, 0.5], [0.3, 0.6, 0.1]]
LABELS = ["cat", "dog", "eel", "cat"]


def write(path: Path, **columns: object) -> Path:
    """Write columns in the format that the file's name asks for."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if path.suffix == ".parquet":
        parquet.write_table(pa.table(columns), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        separator = "\t" if path.suffix == ".tsv" else ","
        lines = [separator.join(columns), *(separator.join(map(str, r.values())) for r in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path, **columns: object):
    return read_class_predictions(path, PredictionColumns(**columns))


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_lists_of_probabilities_become_logits_with_these_probabilities(tmp_path, ending):
    found = read(write(tmp_path / f"p.{ending}", label=LABELS, probabilities=PROBABILITIES))
    np.testing.assert_allclose(np.exp(found.clean["logits"]), PROBABILITIES)
    assert found.clean["target"].tolist() == [0, 1, 2, 0]
    assert found.classes == ("cat", "dog", "eel")
    assert found.clean.ids.tolist() == ["0", "1", "2", "3"]
    assert found.validation is None
    assert "in the order of the alphabet" in found.notes[0]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
@pytest.mark.parametrize("prefix", ["probability_", "prob_"])
def test_one_column_a_class_names_the_classes_in_its_own_order(tmp_path, ending, prefix):
    columns = {f"{prefix}{n}": [row[i] for row in PROBABILITIES] for i, n in enumerate("zba")}
    found = read(write(tmp_path / f"p.{ending}", label=["z", "b", "a", "z"], **columns))
    assert found.classes == ("z", "b", "a")
    assert found.clean["target"].tolist() == [0, 1, 2, 0]
    np.testing.assert_allclose(np.exp(found.clean["logits"]), PROBABILITIES)


def test_logits_are_taken_as_they_are_and_labels_may_be_indices(tmp_path):
    logits = [[3.0, -1.0], [float("nan"), 0.0]]
    found = read(write(tmp_path / "p.parquet", label=[1, 0], logits=logits))
    np.testing.assert_array_equal(found.clean["logits"], logits)
    assert found.clean["target"].tolist() == [1, 0]
    assert found.classes == ("0", "1")
    named = read(tmp_path / "p.parquet", classes=("no", "yes"))
    assert named.classes == ("no", "yes")
    assert named.clean["target"].tolist() == [1, 0]


def test_one_probability_is_that_of_the_second_class(tmp_path):
    found = read(write(tmp_path / "p.csv", label=["no", "yes"], probability=[0.25, 0.9]))
    np.testing.assert_allclose(np.exp(found.clean["logits"]), [[0.75, 0.25], [0.1, 0.9]])


def test_predicted_classes_alone_are_enough(tmp_path):
    found = read(write(tmp_path / "p.csv", label=LABELS, prediction=["cat", "cat", "eel", "fox"]))
    assert found.classes == ("cat", "dog", "eel", "fox")
    assert found.clean["predicted_class"].tolist() == [0, 0, 2, 3]
    assert "logits" not in found.clean


def test_rows_of_other_splits_and_perturbations_stand_apart(tmp_path):
    file = write(
        tmp_path / "p.csv",
        id=["a", "b", "a", "c", "t"],
        label=["x", "y", "x", "y", "x"],
        probability=[0.1, 0.9, 0.4, 0.8, 0.5],
        split=["test", "test", "test", "valid", "train"],
        perturbation=["", "clean", "contrast-3", "", ""],
        site=["n", "s", "n", "n", "n"],
    )
    found = read(file, group_columns=("site",))
    assert found.clean.ids.tolist() == ["a", "b"]
    assert found.groups["site"].tolist() == ["n", "s"]
    assert found.validation.ids.tolist() == ["c"]
    assert list(found.perturbed) == ["contrast-3"]
    assert found.perturbed["contrast-3"].ids.tolist() == ["a"]
    assert found.perturbed["contrast-3"].perturbation == "contrast-3"
    on_val = read(file, split="val")
    assert on_val.clean.ids.tolist() == ["c"]
    assert on_val.clean.split == "val"
    assert on_val.validation is None


def test_features_are_kept(tmp_path):
    file = write(
        tmp_path / "p.parquet", label=[0, 1], logits=[[1, 2], [2, 1]], features=[[1.0], [2.0]]
    )
    features = read(file).clean["features"]
    assert features.dtype == np.float32
    assert features.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("name", "columns", "options", "message"),
    [
        ("p.csv", {"label": ["a"], "p": [1]}, {}, "no column with predictions; found label, p"),
        ("p.csv", {"labl": ["a"], "probability": [1]}, {}, "no column 'label'"),
        (
            "p.csv",
            {"label": ["a", "b"], "probability": [0.5, 1.5]},
            {},
            "row 3: a probability is -0.5",
        ),
        (
            "p.parquet",
            {"label": [0, 1], "probabilities": [[0.5, 0.5], [0.5, 0.7]]},
            {},
            "row 2: the probabilities sum to 1.2",
        ),
        (
            "p.parquet",
            {"label": [0, 1], "logits": [[1, 2], [3]]},
            {},
            "row 2: 1 numbers in column 'logits', and 2 in the first row",
        ),
        (
            "p.parquet",
            {"label": ["a", "b"], "logits": [[1, 2, 3], [3, 2, 1]]},
            {},
            "3 outputs an item, and the labels name 2 classes",
        ),
        (
            "p.parquet",
            {"label": ["a", "b"], "logits": [[1, 2], [3, 1]]},
            {"classes": ("a",)},
            "2 outputs an item, and --classes names 1",
        ),
        (
            "p.csv",
            {"label": ["catt"], "probability_cat": [0.5], "probability_dog": [0.5]},
            {},
            "row 2: class 'catt' in column 'label' is not among the 2 classes",
        ),
        (
            "p.csv",
            {"id": ["a", "a"], "label": [0, 1], "probability": [0, 1]},
            {},
            "row 3: the id 'a' is there twice",
        ),
        (
            "p.csv",
            {"label": [0, 1], "probability": [0, 1], "split": ["test", "tset"]},
            {},
            "row 3: split 'tset' is none of train, val, test",
        ),
        (
            "p.csv",
            {"label": [0, 1], "probability": [0, 1], "split": ["val", "val"]},
            {},
            "there are no test rows to judge; found val",
        ),
        ("p.csv", {"label": [0, 1], "probability": ["x", 1]}, {}, "something else than numbers"),
        (
            "p.csv",
            {"label": [0, 1, 1], "probability": [0, 0.5, "x"]},
            {},
            r"row 4: column 'probability' holds something else than numbers \('x'\)",
        ),
        (
            "p.parquet",
            {"label": [0, 1], "probability_0": [[0.5], [1.0]], "probability_1": [0.5, 0.0]},
            {},
            "row 1: column 'probability_0' holds something else than numbers",
        ),
        ("p.csv", {"label": [0], "probability": [0]}, {"group_columns": ("g",)}, "no column 'g'"),
        (
            "p.csv",
            {"label": [0], "probability": [0], "perturbation": ["fog-1"]},
            {},
            "no column 'id'",
        ),
    ],
)
def test_a_table_that_makes_no_sense_is_one_clear_error(tmp_path, name, columns, options, message):
    with pytest.raises(UserError, match=message):
        read(write(tmp_path / name, **columns), **options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.parquet", b"no parquet", "cannot be read"),
        ("p.csv", b"", "cannot be read"),
        ("p.csv", b"label,probability\n", "there are no rows"),
        ("p.txt", b"label", "no table is called"),
    ],
)
def test_a_file_that_is_no_table_is_one_clear_error(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read(tmp_path / name)
    with pytest.raises(UserError, match="does not exist"):
        read(tmp_path / "absent.csv")


@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(1, 6), st.integers(2, 4)), elements=st.floats(-9, 9)
    )
)
def test_any_logits_come_back(tmp_path_factory, logits):
    labels = np.zeros(len(logits), int)
    file = tmp_path_factory.mktemp("t") / "p.parquet"
    found = read(write(file, label=labels, logits=list(logits)))
    np.testing.assert_array_equal(found.clean["logits"], logits)
