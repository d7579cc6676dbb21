"""Evidence comes back from its folder as it was."""

from dataclasses import fields, replace

import numpy as np
import pytest

from finetrust.core.errors import UserError
from finetrust.core.evidence import Evidence
from finetrust.core.evidence_folder import load_evidence, save_evidence
from finetrust.core.predictions import Predictions


def some_predictions(n: int, seed: int, split: str = "test", name: str = "clean") -> Predictions:
    rng = np.random.default_rng(seed)
    columns = {"target": rng.integers(0, 3, n), "logits": rng.normal(size=(n, 3))}
    return Predictions(np.arange(n).astype(str), columns, split, name)


def some_evidence() -> Evidence:
    return Evidence(
        clean=some_predictions(12, 0),
        perturbed={"blur-1": some_predictions(5, 1, name="blur-1")},
        classes=("a", "b", "c"),
        calibration={"temperature": 1.5, "n": 10},
        baseline=some_predictions(12, 2),
        validation=some_predictions(7, 3, "val"),
        groups={"site": np.array(["north", "south"])[np.arange(12) % 2]},
        protected=("site",),
        properties={"brightness": np.linspace(0, 1, 12)},
        data={"n_train": 20, "train_overlap_exact": [["0", "train/7"]]},
        seed=3,
    )


def assert_same(one: Predictions, other: Predictions) -> None:
    assert one.ids.tolist() == other.ids.tolist()
    assert (one.split, one.perturbation) == (other.split, other.perturbation)
    assert one.columns.keys() == other.columns.keys()
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other[name])


def test_evidence_comes_back_as_it_was(tmp_path):
    evidence = some_evidence()
    save_evidence(evidence, tmp_path / "test")
    evidence.validation.save(tmp_path / "val" / "clean.parquet")
    found = load_evidence(tmp_path / "test")
    assert_same(found.clean, evidence.clean)
    assert_same(found.baseline, evidence.baseline)
    assert_same(found.validation, evidence.validation)
    assert found.perturbed.keys() == evidence.perturbed.keys()
    for name, table in evidence.perturbed.items():
        assert_same(found.perturbed[name], table)
    for name in ("groups", "properties"):
        assert getattr(found, name).keys() == getattr(evidence, name).keys()
        for column, values in getattr(evidence, name).items():
            np.testing.assert_array_equal(getattr(found, name)[column], values)
    compared = {"clean", "baseline", "validation", "perturbed", "groups", "properties"}
    for name in {field.name for field in fields(evidence)} - compared:
        assert getattr(found, name) == getattr(evidence, name)


def test_features_are_not_kept(tmp_path):
    evidence = some_evidence()
    columns = {**evidence.clean.columns, "features": np.zeros((12, 4), np.float32)}
    save_evidence(
        replace(evidence, clean=replace(evidence.clean, columns=columns)), tmp_path / "test"
    )
    assert "features" not in load_evidence(tmp_path / "test").clean


def test_a_folder_without_evidence_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no predictions"):
        load_evidence(tmp_path)
