"""Trials of stability: steps are kept as they are finished, and none is run twice."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import finetrust
from finetrust import UserError
from finetrust.core.evidence_folder import load_evidence
from finetrust.core.predictions import Predictions

OPTIONS = {"trials": "corruptions", "corruptions": "contrast,brightness", "pictures": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    return finetrust.tune(
        "glyphnet",
        "digits:10",
        strategy="linear-probe",
        epochs=2,
        quiet=True,
        out=str(tmp_path_factory.mktemp("run") / "a"),
    )


def tables(folder: Path) -> dict[str, Path]:
    return {file.stem: file for file in (folder / "corruptions").glob("*.parquet")}


def test_a_finished_step_is_not_run_again_and_another_is(run: finetrust.Run) -> None:
    first = run.evaluate(quiet=True, severities="1,5", **OPTIONS)
    folder = run.folder.predictions / "test"
    before = {name: file.stat().st_mtime_ns for name, file in tables(folder).items()}
    assert set(before) == {"contrast-1", "contrast-5", "brightness-1", "brightness-5"}
    (folder / "corruptions" / "contrast-5.parquet").unlink()
    again = run.evaluate(quiet=True, severities="1,3,5", **OPTIONS)
    after = {name: file.stat().st_mtime_ns for name, file in tables(folder).items()}
    assert {name for name in before if after[name] == before[name]} == set(before) - {"contrast-5"}
    assert set(after) - set(before) == {"contrast-3", "brightness-3"}
    seconds = again.context["seconds"]["trials"]["corruptions"]
    steps = json.loads((folder / "steps.json").read_text())
    assert seconds == pytest.approx(sum(step["seconds"] for step in steps.values()), abs=0.01)
    assert first["corruption_accuracy"].n == again["corruption_accuracy"].n == 385

    fewer = run.evaluate(quiet=True, severities="1", **OPTIONS)
    assert set(tables(folder)) == {"contrast-1", "brightness-1"}
    assert fewer["corruption_accuracy"].applies


def test_other_items_are_asked_again(run: finetrust.Run, tmp_path: Path) -> None:
    options = {**OPTIONS, "severities": "1", "quiet": True, "out": str(tmp_path / "b")}
    run.evaluate(trial_items=30, **options)
    run.evaluate(trial_items=20, **options)
    table = Predictions.load(tmp_path / "b/predictions/test/corruptions/contrast-1.parquet")
    assert len(table) == 20
    run.evaluate(trial_items=20, seed=5, **options)
    other = Predictions.load(tmp_path / "b/predictions/test/corruptions/contrast-1.parquet")
    assert set(other.ids) != set(table.ids)


def test_an_evaluation_that_was_killed_goes_on_where_it_was(
    run: finetrust.Run, tmp_path: Path
) -> None:
    arguments = [
        "evaluate", str(run.path), "--trials", "corruptions", "--effort", "full", "--pictures", "0",
        "--corruptions", "gaussian_noise,contrast", "--quiet",
    ]  # fmt: skip
    folder = tmp_path / "killed" / "predictions" / "test"
    process = subprocess.Popen(
        [sys.executable, "-m", "finetrust", *arguments, "--out", str(tmp_path / "killed")],
        stderr=subprocess.PIPE,
    )
    while not tables(folder) and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()[-2000:]
    kept = (
        json.loads((folder / "steps.json").read_text()) if (folder / "steps.json").exists() else {}
    )
    assert len(kept) < 10
    with pytest.raises(UserError, match="holds no predictions"):
        load_evidence(folder)
    before = {
        name.split("/")[1]: tables(folder)[name.split("/")[1]].stat().st_mtime_ns for name in kept
    }

    options = {
        "trials": "corruptions", "effort": "full", "pictures": 0, "quiet": True,
        "corruptions": "gaussian_noise,contrast",
    }  # fmt: skip
    resumed = run.evaluate(out=str(tmp_path / "killed"), **options)
    straight = run.evaluate(out=str(tmp_path / "straight"), **options)
    assert [m.to_dict() for m in resumed.measures] == [m.to_dict() for m in straight.measures]
    after = tables(folder)
    assert len(after) == 10
    assert all(after[name].stat().st_mtime_ns == when for name, when in before.items())
    for name, table in load_evidence(folder).perturbed.items():
        other = load_evidence(tmp_path / "straight/predictions/test").perturbed[name]
        np.testing.assert_array_equal(table["logits"], other["logits"])


def test_the_cost_is_told_before_the_start(
    run: finetrust.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {**OPTIONS, "severities": "1", "trial_items": 25, "out": str(tmp_path / "c")}
    run.evaluate(**options)
    assert "Trials, effort quick: 50 passes through the network, about" in capsys.readouterr().err
    (tmp_path / "c/predictions/test/corruptions/contrast-1.parquet").unlink()
    run.evaluate(**options)
    said = " ".join(capsys.readouterr().err.split())
    assert "25 passes" in said
    assert "(1 of 2 steps are done already)" in said
    run.evaluate(**options)
    assert "passes" not in capsys.readouterr().err


def test_what_was_not_tried_says_why(run: finetrust.Run, tmp_path: Path) -> None:
    profile = run.evaluate(trials="none", pictures=0, quiet=True, out=str(tmp_path / "d"))
    measure = profile["corruption_accuracy"]
    assert measure.value is None
    assert "--trials corruptions" in measure.reason


def test_an_unknown_trial_is_named_before_any_work(run: finetrust.Run) -> None:
    with pytest.raises(UserError, match=r"unknown trial 'corruption'.*Did you mean 'corruptions'"):
        run.evaluate(trials="corruption", quiet=True)
