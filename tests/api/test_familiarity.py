"""Marks of unfamiliar inputs in predict: what a run keeps for them, and what they promise."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import finetrust
from finetrust import UserError
from finetrust.api.familiarity import load_familiarity
from finetrust.data.source import open_dataset


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    found = finetrust.tune(
        "glyphnet",
        "digits:40",
        strategy="linear-probe",
        epochs=3,
        quiet=True,
        out=str(tmp_path_factory.mktemp("run") / "a"),
    )
    found.evaluate(trials="none", pictures=0, quiet=True)
    return found


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    data = open_dataset("digits:40")
    for row in np.flatnonzero(data.splits == "test")[:300]:
        data.inputs[row].save(folder / f"{row:05d}.png")
    return folder


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(0)
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    return folder


def marked(answers: list[dict]) -> float:
    return float(np.mean([answer["unfamiliar"] for answer in answers]))


def test_noise_is_marked_and_few_digits_are(run: finetrust.Run, digits: Path, noise: Path) -> None:
    known, strange = (run.predict(folder, quiet=True) for folder in (digits, noise))
    assert marked(known) < 0.1
    assert marked(strange) > 0.8
    for answer in (*known, *strange):
        assert 0 < answer["familiarity"] <= 1
        assert answer["unfamiliar"] == (answer["familiarity"] <= 0.05)


def test_fewer_false_alarms_mark_fewer_inputs(run: finetrust.Run, digits: Path) -> None:
    shares = [marked(run.predict(digits, false_alarms=a, quiet=True)) for a in (0.01, 0.1, 0.5)]
    assert shares[0] < shares[1] < shares[2]
    for share, promised in zip(shares, (0.01, 0.1, 0.5), strict=True):
        assert share <= promised + 3 * np.sqrt(promised * (1 - promised) * (1 / 300 + 1 / 400))


def test_predict_says_what_the_evaluation_has_measured(run: finetrust.Run, digits: Path) -> None:
    profile = run.evaluate(trials="ood", pictures=0, quiet=True)
    alarms = profile["ood_false_alarm_rate"]
    assert load_familiarity(run.folder.familiarity).score == alarms.details["score"]
    answers = {Path(a["path"]).stem: a for a in run.predict(digits, quiet=True)}
    ids = set(alarms.details["ids"])
    judged = {f"digits/{int(stem):04d}": a["unfamiliar"] for stem, a in answers.items()}
    tested = set(
        finetrust.core.predictions.Predictions.load(
            run.folder.predictions / "test" / "ood" / "familiar.parquet"
        ).ids
    )
    for name in set(judged) & tested:
        assert judged[name] == (name in ids), name
    assert profile["ood_auroc_far"].value > 0.8


def test_what_is_kept_is_json_and_safetensors(run: finetrust.Run) -> None:
    folder = run.folder.familiarity
    facts = json.loads((folder / "familiarity.json").read_text())
    arrays = load_file(folder / "state.safetensors")
    assert facts["n"] == len(arrays["validation"]) == 266
    assert facts["score"] in facts["separations"]
    assert {file.name for file in folder.iterdir()} == {"familiarity.json", "state.safetensors"}


def test_a_run_without_it_predicts_without_marks_and_says_so_when_asked(
    run: finetrust.Run, digits: Path, tmp_path: Path
) -> None:
    import shutil

    for name in ("run.json", "model"):
        source = run.path / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    bare = finetrust.load(tmp_path)
    assert not any("unfamiliar" in answer for answer in bare.predict(digits, quiet=True))
    with pytest.raises(UserError, match="does not know which inputs are familiar"):
        bare.predict(digits, false_alarms=0.05, quiet=True)
    shutil.copytree(run.folder.familiarity, tmp_path / "familiarity")
    (tmp_path / "familiarity" / "state.safetensors").write_bytes(b"broken")
    with pytest.raises(UserError, match="familiarity: cannot be read"):
        bare.predict(digits, quiet=True)


def test_what_cannot_be_promised_is_one_line_that_says_what_can(
    run: finetrust.Run, digits: Path
) -> None:
    with pytest.raises(UserError, match=r"Choose at least 0\.0037"):
        run.predict(digits, false_alarms=0.001, quiet=True)
    with pytest.raises(UserError, match="not between 0 and 1"):
        run.predict(digits, false_alarms=5, quiet=True)


def test_the_terminal_says_which_inputs_are_unfamiliar(
    run: finetrust.Run, noise: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    from finetrust.cli import main

    words = ["predict", run.path, noise, "--false-alarms", "0.1", "-q"]
    monkeypatch.setattr("sys.argv", ["finetrust", *map(str, words)])
    with pytest.raises(SystemExit):
        main()
    lines = capsys.readouterr().out.splitlines()
    expected = run.predict(noise, false_alarms=0.1, quiet=True)
    assert [line.endswith("unfamiliar") for line in lines] == [a["unfamiliar"] for a in expected]
    assert not any("familiarity" in line for line in lines)


def test_too_few_validation_items_leave_answers_unmarked(tmp_path: Path, digits: Path) -> None:
    few = finetrust.tune(
        "glyphnet",
        "digits:1",
        strategy="linear-probe",
        epochs=1,
        quiet=True,
        out=str(tmp_path / "a"),
    )
    with pytest.raises(UserError, match="was not evaluated"):
        few.predict(next(digits.iterdir()), false_alarms=0.2, quiet=True)
    few.evaluate(trials="none", pictures=0, quiet=True)
    answers = few.predict(next(digits.iterdir()), quiet=True)
    assert "unfamiliar" not in answers[0]
    with pytest.raises(UserError, match="with 10 validation items"):
        few.predict(next(digits.iterdir()), false_alarms=0.05, quiet=True)
    (found,) = few.predict(next(digits.iterdir()), false_alarms=0.2, quiet=True)
    assert found["unfamiliar"] in (True, False)
