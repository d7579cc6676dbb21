"""Judging predictions that were made elsewhere."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import finetrust
from finetrust import UserError

CLASSES = ("cat", "dog", "eel")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions that are twice as sure as they are right to be."""
    rng = np.random.default_rng(0)
    logits = 1.5 * rng.normal(size=(1500, 3))
    target = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    odds = np.exp(2 * logits)
    path = tmp_path_factory.mktemp("table") / "elsewhere.parquet"
    columns = {
        "id": [f"item {i}" for i in range(1500)],
        "label": np.array(CLASSES)[target],
        "probabilities": list(odds / odds.sum(axis=1, keepdims=True)),
        "split": np.where(np.arange(1500) < 600, "val", "test"),
        "site": np.array(["north", "south"])[np.arange(1500) % 2],
    }
    parquet.write_table(pa.table(columns), path)
    return path


def judge(table: Path, out: Path, **options: object) -> finetrust.TrustProfile:
    return finetrust.evaluate(predictions=str(table), out=str(out), quiet=True, **options)


def test_a_table_is_judged_like_a_model(table, tmp_path):
    profile = judge(table, tmp_path / "a", group_columns="site", classes=",".join(CLASSES))
    assert profile.data["n"] == profile["accuracy"].n == 900
    assert profile.data["classes"] == list(CLASSES)
    assert profile["ece_before_calibration"].value > 2 * profile["ece"].value
    assert profile["ece"].details["temperature"] == pytest.approx(2, abs=0.3)
    run = finetrust.load(tmp_path / "a")
    assert run.profile.to_dict() == profile.to_dict()
    assert run.report().exists()


def test_a_gate_on_a_class_that_there_is_not_is_told_before_anything_is_judged(table, tmp_path):
    gates = tmp_path / "gates.yaml"
    gates.write_text("recall[class=dgo]: '> 0.1'\n")
    with pytest.raises(UserError, match=r"no class 'dgo'. Did you mean 'dog'"):
        judge(table, tmp_path / "a", gates=str(gates))
    assert not (tmp_path / "a").exists()


def test_validation_predictions_may_be_a_table_of_their_own(table, tmp_path):
    whole = parquet.read_table(table).to_pandas()
    files = {}
    for name, part in whole.groupby("split"):
        files[name] = tmp_path / f"{name}.parquet"
        parquet.write_table(pa.Table.from_pandas(part.drop(columns="split")), files[name])
    apart = judge(files["test"], tmp_path / "a", validation_predictions=str(files["val"]))
    together = judge(table, tmp_path / "b")
    assert apart["ece"].value == together["ece"].value
    assert apart["accuracy"].to_dict() == together["accuracy"].to_dict()


def test_without_validation_rows_nothing_is_fitted(table, tmp_path):
    rows = parquet.read_table(table).slice(600)
    parquet.write_table(rows, tmp_path / "test.parquet")
    profile = judge(tmp_path / "test.parquet", tmp_path / "a")
    assert profile["ece"].details["temperature"] is None
    assert not profile["ece_before_calibration"].applies


def test_other_tasks_take_their_own_columns(tmp_path):
    rng = np.random.default_rng(0)
    number = rng.normal(size=50)
    columns = {
        "id": np.arange(50).astype(str),
        "number": number,
        "predicted_number": number + rng.normal(size=50),
    }
    parquet.write_table(pa.table(columns), tmp_path / "n.parquet")
    profile = judge(tmp_path / "n.parquet", tmp_path / "a", task="regression")
    assert profile["mae"].value == pytest.approx(
        np.abs(columns["predicted_number"] - number).mean()
    )


def test_a_model_beside_the_table_is_refused_and_nothing_is_written(table, tmp_path):
    with pytest.raises(UserError, match="--predictions is given, and model 'resnet18'"):
        judge(table, tmp_path / "a", model="resnet18")
    with pytest.raises(UserError, match="no column 'town'"):
        judge(table, tmp_path / "a", group_columns="town")
    assert not (tmp_path / "a").exists()


def test_a_run_of_a_table_cannot_predict(table, tmp_path):
    judge(table, tmp_path / "a")
    with pytest.raises(UserError, match="holds predictions, and no model"):
        finetrust.predict(tmp_path / "a", "x.png")
