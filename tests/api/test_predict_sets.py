"""Sets of classes and abstention in predict, with nothing but the model folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import finetrust
from finetrust import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.source import open_dataset
from finetrust.tasks.caution import Caution
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.calibration.calibrate import calibrate


def classified(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, 4) and targets drawn from exactly their softmax."""
    rng = np.random.default_rng(seed)
    logits = 4 * rng.normal(size=(n, 4))
    return logits, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def labelled(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, 4) and labels drawn from exactly their probabilities."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, 4)) - 0.5
    return logits, (rng.random((n, 4)) < 1 / (1 + np.exp(-logits))).astype(np.int64)


def calibrated_on(**columns: np.ndarray) -> dict:
    n = len(next(iter(columns.values())))
    return calibrate(Predictions(np.arange(n).astype(str), columns))


CLASSES = ("ant", "bee", "cat", "dog")
LOGITS, TARGETS = classified(1000, seed=0)
CALIBRATION = calibrated_on(logits=LOGITS, target=TARGETS)
NEW, TRUTH = classified(4000, seed=1)
TASK = tasks.get("classification")


def added(logits: np.ndarray, calibration: dict, **asked: object) -> list[dict]:
    return TASK.cautious(CLASSES, calibration, Caution(**asked))(torch.tensor(logits))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    tuned = finetrust.tune(
        "glyphnet",
        "digits:40",
        strategy="linear-probe",
        epochs=3,
        quiet=True,
        out=str(tmp_path_factory.mktemp("run") / "a"),
    )
    tuned.evaluate(quiet=True, trials="none", pictures=0)
    return tuned


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    data = open_dataset("digits:40")
    for row in np.flatnonzero(data.splits == "test")[:60]:
        data.inputs[row].save(folder / f"{row:05d}.png")
    (folder / "zz.png").write_bytes((folder / sorted(folder.iterdir())[0]).read_bytes()[:60])
    return folder


@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95, 0.99])
def test_the_set_holds_the_true_class_as_often_as_promised(method: str, coverage: float) -> None:
    found = added(NEW, CALIBRATION, coverage=coverage, method=method)
    held = [CLASSES[t] in answer["set"] for t, answer in zip(TRUTH, found, strict=True)]
    assert np.mean(held) >= coverage - 0.03
    if method == "lac":
        assert np.mean(held) <= coverage + 0.03


def test_the_set_starts_with_the_most_probable_class() -> None:
    found = added(NEW[:50], CALIBRATION, coverage=0.99)
    for row, answer in zip(NEW, found, strict=False):
        order = [CLASSES[c] for c in np.argsort(-row)]
        assert answer["set"] == order[: len(answer["set"])]


def test_answers_that_are_given_keep_the_risk() -> None:
    found = added(NEW, CALIBRATION, max_risk=0.05)
    answered = ~np.array([answer["abstain"] for answer in found])
    assert 0.2 < answered.mean() < 1
    assert (NEW.argmax(axis=1) != TRUTH)[answered].mean() < 0.05


def test_an_input_without_an_answer_has_nothing_added() -> None:
    (found,) = added(np.array([[np.nan, 1, 2, 3]]), CALIBRATION, coverage=0.9, max_risk=0.05)
    assert found == {}


def test_a_run_predicts_sets_and_abstains_with_its_model_folder_alone(
    run: finetrust.Run, images: Path, tmp_path: Path
) -> None:
    for name in ("run.json", "model", "familiarity"):
        source = run.path / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    found = finetrust.load(tmp_path).predict(images, coverage=0.99, max_risk=0.05, quiet=True)
    assert found == run.predict(images, coverage=0.99, max_risk=0.05, quiet=True)
    *answers, broken = found
    assert "error" in broken
    assert "set" not in broken
    for answer in answers:
        assert answer["set"][:1] in ([answer["class"]], [])
        assert answer["abstain"] in (True, False)
    assert not any({"set", "abstain"} & set(answer) for answer in run.predict(images, quiet=True))


def test_what_is_predicted_is_what_was_measured(run: finetrust.Run, images: Path) -> None:
    """The sets of predict are as large as those that the evaluation measures on the same items."""
    clean = Predictions.load(run.folder.predictions / "test" / "clean.parquet")
    kept = run.model.calibration
    names = [str(c) for c in range(10)]
    for method in ("lac", "aps", "raps"):
        caution = Caution(0.9, method)
        sets = TASK.cautious(names, kept, caution)(torch.tensor(clean["logits"]))
        size = run.profile[f"conformal_set_size[method={method},coverage=90%]"]
        assert np.mean([len(answer["set"]) for answer in sets]) == pytest.approx(size.value)
    answers = TASK.cautious(names, kept, Caution(max_risk=0.05))(torch.tensor(clean["logits"]))
    share = run.profile["coverage_at_risk[risk=5%]"]
    assert np.mean([not answer["abstain"] for answer in answers]) == pytest.approx(share.value)


def test_what_cannot_be_promised_is_one_line_that_says_what_can(run: finetrust.Run) -> None:
    for asked, said in (
        ({"coverage": 0.9999}, "Choose at most 0.99"),
        ({"coverage": 1.5}, "not between 0 and 1"),
        ({"coverage": 0.9, "set_method": "apx"}, "Choose among lac, aps, raps"),
        ({"max_risk": 0.0001}, "it takes 29956 at least"),
    ):
        with pytest.raises(UserError, match=said):
            run.predict("missing.png", quiet=True, **asked)
    with pytest.raises(UserError, match="tuned without validation data"):
        added(NEW, {"temperature": 1.0}, coverage=0.9)
    with pytest.raises(UserError, match="tuned without validation data"):
        added(NEW, {}, max_risk=0.1)


@pytest.mark.parametrize(
    "name", ["regression", "detection", "segmentation", "token-classification"]
)
def test_a_task_without_one_class_an_input_has_no_sets(name: str) -> None:
    with pytest.raises(UserError, match="sets and abstention are made for one class"):
        tasks.get(name).cautious((), {}, Caution(coverage=0.9))


def test_labels_come_as_sets_that_miss_few() -> None:
    (old_logits, old_due), (logits, due) = labelled(500, seed=0), labelled(1000, seed=1)
    kept = calibrated_on(label_logits=old_logits, label_targets=old_due)
    task = tasks.get("multi-label-text-classification")
    found = task.cautious(CLASSES, kept, Caution(coverage=0.9))(torch.tensor(logits))
    missed = [
        np.mean([CLASSES[c] not in answer["set"] for c in np.flatnonzero(row)]) if row.any() else 0
        for row, answer in zip(due, found, strict=True)
    ]
    assert 0.06 < np.mean(missed) < 0.12
    with pytest.raises(UserError, match="--max-risk takes one class"):
        task.cautious(CLASSES, kept, Caution(max_risk=0.1))
    with pytest.raises(UserError, match="the set method 'aps' takes one class"):
        task.cautious(CLASSES, kept, Caution(coverage=0.9, method="aps"))
    with pytest.raises(UserError, match="tuned without validation data"):
        task.cautious(CLASSES, {}, Caution(coverage=0.9))


def test_the_terminal_shows_the_set_in_braces_and_says_who_abstains(
    run: finetrust.Run, images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    from finetrust.cli import main

    words = ["predict", run.path, images, "--set", "--coverage", "0.99", "--max-risk", "0.05", "-q"]
    monkeypatch.setattr("sys.argv", ["finetrust", *map(str, words)])
    with pytest.raises(SystemExit):
        main()
    lines = capsys.readouterr().out.splitlines()
    expected = run.predict(images, coverage=0.99, max_risk=0.05, quiet=True)
    for line, answer in zip(lines, expected, strict=True):
        if "error" not in answer:
            assert "{" + ", ".join(answer["set"]) + "}" in line
            assert ("\tabstains" in line) == answer["abstain"]
