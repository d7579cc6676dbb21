"""A run is trained again: what is another in each kind of repeat, and that nothing is trained twice."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

import finetrust
from finetrust.api.repeats import RunRepeats, bootstrapped, kept_items, repeat_seed
from finetrust.core.errors import NotApplicable
from finetrust.core.evidence_folder import load_evidence

KINDS = ("seed", "order", "bootstrap", "drop")
OPTIONS = {"trials": "repeats", "repeats": 1, "pictures": 0, "quiet": True}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    return finetrust.tune(
        "glyphnet",
        "digits:12",
        strategy="linear-probe",
        epochs=2,
        seed=3,
        quiet=True,
        out=str(tmp_path_factory.mktemp("repeats") / "a"),
    )


@pytest.fixture(scope="module")
def profile(run: finetrust.Run) -> finetrust.TrustProfile:
    return run.evaluate(**OPTIONS)


def head(folder: Path) -> np.ndarray:
    weights = load_file(next((folder / "model").glob("*.safetensors")))
    return np.concatenate([v.ravel() for k, v in sorted(weights.items()) if k.startswith("head")])


strata = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)


@given(strata, st.integers(0, 2**32 - 1))
def test_a_bootstrap_keeps_the_number_of_items_of_each_class(of: np.ndarray, seed: int) -> None:
    drawn = bootstrapped(of, np.random.default_rng(seed))
    np.testing.assert_array_equal(of[drawn], of)


@given(strata, st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_leaving_out_takes_its_share_but_no_class_whole(
    of: np.ndarray, seed: int, share: float
) -> None:
    kept = kept_items(of, share, np.random.default_rng(seed))
    assert (np.diff(kept) > 0).all()
    assert set(of[kept]) == set(of)
    assert len(of) - len(kept) == min(round(share * len(of)), len(of) - len(set(of)))


def test_every_repeat_has_a_seed_of_its_own_that_is_always_the_same() -> None:
    seeds = [
        repeat_seed({"seed": seed}, kind, number)
        for seed in (0, 1)
        for kind in KINDS
        for number in (1, 2)
    ]
    assert len(set(seeds)) == len(seeds)
    assert seeds[0] == repeat_seed({"seed": 0}, "seed", 1)


def test_only_one_thing_is_another(run: finetrust.Run, profile: finetrust.TrustProfile) -> None:
    records = {}
    for kind in KINDS:
        folder = run.path / "repeats" / f"{kind}-1"
        repeat = finetrust.load(folder)
        records[kind] = (repeat.folder.config, repeat.folder.record["data"]["n_train"])
        assert not np.array_equal(head(folder), head(run.path)), kind
    own = run.folder.record["data"]["n_train"]
    assert {kind: n for kind, (_, n) in records.items()} == {
        "seed": own,
        "order": own,
        "bootstrap": own,
        "drop": own - round(0.1 * own),
    }
    again = {kind: (c["seed"] != 3, c["order_seed"] != 3) for kind, (c, _) in records.items()}
    assert again == {
        "seed": (True, False),
        "order": (False, True),
        "bootstrap": (False, False),
        "drop": (False, False),
    }


def test_tables_and_measures_come_of_them(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    tables = load_evidence(run.folder.predictions / "test").tables("repeats")
    assert set(tables) == {f"{kind}-1" for kind in KINDS}
    for table in tables.values():
        assert {"target", "logits", "predicted_class"} <= set(table.columns)
        assert "features" not in table
    assert profile["churn"].n == len(tables["seed-1"])
    assert profile["churn"].ci_low <= profile["churn"].value <= profile["churn"].ci_high
    assert profile["accuracy_spread[source=seed]"].value is not None
    assert profile["accuracy_spread[source=data]"].reason.startswith("there is one model")


def test_what_is_finished_is_not_trained_again_and_more_are_added(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    folder = run.path / "repeats"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/run.json")}
    run.evaluate(**{**OPTIONS, "repeats": 2})
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(folder.glob("*/run.json"))) == 8


def test_a_repeat_that_was_killed_goes_on(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    folder = run.path / "repeats" / "order-1"
    expected = head(folder)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "status": "running"}))
    again = RunRepeats(run).train("order", 1)
    assert again.folder.record["status"] == "finished"
    np.testing.assert_array_equal(head(folder), expected)


def test_a_module_of_python_cannot_be_trained_again(run: finetrust.Run) -> None:
    config = run.folder.config
    run.folder.write_config({**config, "model": "python:Net"})
    try:
        with pytest.raises(NotApplicable, match="pretrained weights were not kept"):
            RunRepeats(run).check(1)
    finally:
        run.folder.write_config(config)


def test_without_the_option_nothing_is_trained(run: finetrust.Run) -> None:
    profile = run.evaluate(trials="repeats", pictures=0, quiet=True)
    assert "--repeats 5" in str(profile["churn"].reason)
