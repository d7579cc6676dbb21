"""Predictions come back from disk as they were."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions, ragged


def round_trip(predictions: Predictions, folder: Path) -> Predictions:
    path = folder / "predictions" / "clean.parquet"
    predictions.save(path)
    return Predictions.load(path)


@given(
    logits=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.floats(width=32),
    )
)
def test_float32_logits_come_back_bit_for_bit(
    logits: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    n = len(logits)
    ids = np.array([f"{i}.png" for i in range(n)])
    saved = Predictions(ids, {"target": np.arange(n), "logits": logits})
    loaded = round_trip(saved, tmp_path_factory.mktemp("predictions"))
    assert loaded["logits"].dtype == np.float32
    assert loaded["logits"].tobytes() == logits.tobytes()
    assert loaded["target"].dtype == np.int64
    np.testing.assert_array_equal(loaded["target"], saved["target"])


@given(
    ids=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        max_size=5,
    )
)
def test_ids_in_any_script_come_back(
    ids: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    saved = Predictions(np.array(ids, dtype=str), {"target": np.zeros(len(ids), np.int64)})
    assert round_trip(saved, tmp_path_factory.mktemp("ids")).ids.tolist() == ids


def test_a_table_without_items_keeps_its_columns(tmp_path: Path) -> None:
    columns = {"target": np.zeros(0, np.int64), "logits": np.zeros((0, 3), np.float32)}
    loaded = round_trip(Predictions(np.zeros(0, dtype=str), columns), tmp_path)
    assert len(loaded) == 0
    assert loaded["logits"].shape == (0, 3)
    assert loaded["logits"].dtype == np.float32


@given(
    rows=st.lists(
        hnp.arrays(
            np.float32,
            st.tuples(st.integers(0, 4), st.just(3)),
            elements=st.floats(width=32),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_number_of_rows_an_item_comes_back_bit_for_bit(
    rows: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ids = np.array([f"{i}.png" for i in range(len(rows))])
    lengths = ragged([np.arange(len(row), dtype=np.int16) for row in rows])
    saved = Predictions(ids, {"boxes": ragged(rows), "labels": lengths})
    loaded = round_trip(saved, tmp_path_factory.mktemp("ragged"))
    assert loaded["boxes"].dtype == loaded["labels"].dtype == object
    for found, row in zip(loaded["boxes"], rows, strict=True):
        assert (found.shape, found.dtype) == (row.shape, np.float32)
        assert found.tobytes() == row.tobytes()
    for found, expected in zip(loaded["labels"], lengths, strict=True):
        assert found.dtype == np.int16
        assert found.tolist() == expected.tolist()


def test_items_with_equally_many_rows_stay_a_ragged_column(tmp_path: Path) -> None:
    equal = ragged([np.zeros((2, 4)), np.ones((2, 4))])
    assert equal.shape == (2,)
    loaded = round_trip(Predictions(np.array(["a", "b"]), {"boxes": equal}), tmp_path)
    assert loaded["boxes"].shape == (2,)
    assert loaded["boxes"][1].tolist() == np.ones((2, 4)).tolist()


def test_strings_come_back(tmp_path: Path) -> None:
    columns = {"answer": np.array(["", "München", "二"])}
    loaded = round_trip(Predictions(np.array(["a", "b", "c"]), columns), tmp_path)
    assert loaded["answer"].tolist() == ["", "München", "二"]
    assert loaded["answer"].dtype.kind == "U"


def some(ids: str, first: int) -> Predictions:
    """Return items with each kind of column, told apart by numbers from `first` on."""
    numbers = np.arange(first, first + len(ids))
    columns = {
        "target": numbers,
        "logits": np.stack([numbers, -numbers], axis=1).astype(np.float32),
        "boxes": ragged([np.full((n % 3, 4), n) for n in numbers]),
        "answer": np.array([f"answer {n}" for n in numbers]),
    }
    return Predictions(np.array(list(ids)), columns, "val", "contrast-3")


def told(predictions: Predictions) -> list[list]:
    """Return the items as plain values."""
    columns = [predictions.ids, *(predictions[name] for name in predictions.columns)]
    return [[np.asarray(column[i]).tolist() for column in columns] for i in range(len(predictions))]


def test_taken_items_have_all_their_columns() -> None:
    whole = some("abcd", 10)
    taken = whole.take(np.array([3, 1, 1]))
    assert told(taken) == [told(whole)[i] for i in (3, 1, 1)]
    assert (taken.split, taken.perturbation) == ("val", "contrast-3")


def test_tables_are_joined_item_by_item() -> None:
    parts = [some("ab", 10), some("c", 20), some("defg", 30)]
    joined = Predictions.joined(parts)
    assert told(joined) == [item for part in parts for item in told(part)]
    assert joined["logits"].dtype == np.float32
    assert (joined.split, joined.perturbation) == ("val", "contrast-3")


def test_joined_items_come_back_from_disk(tmp_path: Path) -> None:
    joined = Predictions.joined([some("ab", 10), some("c", 20)])
    assert told(round_trip(joined, tmp_path)) == told(joined)


def test_split_and_perturbation_come_back(tmp_path: Path) -> None:
    saved = Predictions(np.array(["a"]), {"target": np.array([0])}, "val", "contrast-3")
    loaded = round_trip(saved, tmp_path)
    assert (loaded.split, loaded.perturbation) == ("val", "contrast-3")


def test_a_table_tells_which_columns_it_has() -> None:
    predictions = Predictions(np.array(["a", "b"]), {"target": np.array([0, 1])})
    assert "target" in predictions
    assert "logits" not in predictions
    assert len(predictions) == 2


@pytest.mark.parametrize("content", [None, b"", b"PAR1 but not really", b"id,target\na,0\n"])
def test_what_is_no_table_of_predictions_is_named_to_the_user(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "clean.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"clean\.parquet: not a table of predictions"):
        Predictions.load(path)


def test_a_parquet_file_without_ids_is_named_to_the_user(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"something": [1]}), tmp_path / "other.parquet")
    with pytest.raises(UserError, match=r"other\.parquet: not a table of predictions"):
        Predictions.load(tmp_path / "other.parquet")


DISK_IS_FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from finetrust.core.predictions import Predictions
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
logits = np.random.default_rng(0).normal(size=(5000, 10))
ids = np.arange(5000).astype(str)
try:
    Predictions(ids, {"target": np.zeros(5000, np.int64), "logits": logits}).save(Path(sys.argv[1]))
except OSError:
    print("full")
"""


def test_a_full_disk_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "clean.parquet"
    Predictions(np.array(["old"]), {"target": np.array([0])}).save(path)
    done = subprocess.run(
        [sys.executable, "-c", DISK_IS_FULL, str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "full", done.stderr
    assert Predictions.load(path).ids.tolist() == ["old"]
    assert [p.name for p in tmp_path.iterdir()] == ["clean.parquet"]


def test_saving_does_not_import_pandas(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np, pathlib\n"
        "from finetrust.core.predictions import Predictions\n"
        "columns = {'target': np.zeros(2, np.int64), 'logits': np.zeros((2, 3), np.float32)}\n"
        "Predictions(np.array(['a', 'b']), columns).save(pathlib.Path(sys.argv[1]))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "p.parquet")])
    assert done.returncode == 0
