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
from finetrust.core.predictions import Predictions


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
