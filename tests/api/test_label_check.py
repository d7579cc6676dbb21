"""Wrong training labels are found while a model is tuned, and told wherever it is judged."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import finetrust
from finetrust.api.label_check import suspects_of
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.formats.digits_format import DigitsFormat
from finetrust.data.source import DataOptions
from finetrust.trust.data.train_label_errors import train_label_errors

from .evaluated_runs import answers

N = 700


def some_digits(targets: np.ndarray | None = None) -> Dataset:
    """Return the first digits, with other labels if any are given."""
    digits = DigitsFormat().open("digits", DataOptions()).take(np.arange(N))
    return digits if targets is None else replace(digits, targets=targets)


def one_in_twenty_wrong() -> tuple[Dataset, set[str]]:
    digits = some_digits()
    rng = np.random.default_rng(3)
    rows = rng.choice(N, N // 20, replace=False)
    targets = digits.targets.copy()
    targets[rows] = (targets[rows] + rng.integers(1, 10, len(rows))) % 10
    return some_digits(targets), {digits.ids[row] for row in rows}


def tune(data: Dataset, out: Path, **options: object) -> finetrust.Run:
    chosen = {"strategy": "linear-probe", "epochs": 1, "quiet": True, "out": str(out), **options}
    return finetrust.tune("glyphnet", data, **chosen)


def found_in(run: finetrust.Run) -> dict:
    return json.loads((run.folder.path / "data" / "label_suspects.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> tuple[finetrust.Run, set[str]]:
    data, wrong = one_in_twenty_wrong()
    return tune(data, tmp_path_factory.mktemp("noisy") / "run"), wrong


def test_planted_wrong_labels_are_named(noisy: tuple[finetrust.Run, set[str]]) -> None:
    run, wrong = noisy
    found = found_in(run)
    assert found["alarm"] is True
    assert found["ci_low"] <= 0.05 <= found["ci_high"]
    assert found["n"] == found["n_train"] == run.folder.record["data"]["n_train"]
    share = len(wrong) / N
    first = found["suspects"][: int(0.8 * share * found["n"])]
    named = [suspect["id"] in wrong for suspect in first]
    assert np.mean(named) > 0.9
    right = dict(zip(some_digits().ids, some_digits().targets.tolist(), strict=True))
    mended = [str(right[s["id"]]) == s["suggested"] for s in first if s["id"] in wrong]
    assert np.mean(mended) > 0.8
    for suspect in found["suspects"]:
        assert suspect["label"] != suspect["suggested"]
        assert 0 < suspect["confidence"] <= 1
        assert 0 <= suspect["probability_wrong"] <= 1
    assert found["suspects"][0]["agreed"] is True
    assert found["suspects"][0]["probability_wrong"] > 0.99


def test_the_measure_tells_what_the_run_holds(noisy: tuple[finetrust.Run, set[str]]) -> None:
    run, _ = noisy
    facts = suspects_of(run.folder)
    (told,) = train_label_errors(replace(answers(), data=facts))
    kept = found_in(run)
    assert (told.value, told.n) == (kept["share"], kept["n"])
    assert told.details["suspects"] == kept["suspects"][:100]


def test_clean_labels_raise_no_alarm(tmp_path: Path) -> None:
    found = found_in(tune(some_digits(), tmp_path / "run"))
    assert found["alarm"] is False
    assert found["share"] < 0.01


def test_a_second_run_on_kept_features_finds_the_same(
    noisy: tuple[finetrust.Run, set[str]], tmp_path: Path
) -> None:
    again = tune(one_in_twenty_wrong()[0], tmp_path / "run")
    assert found_in(again) == found_in(noisy[0])


def test_a_finished_run_that_is_resumed_keeps_its_findings(
    noisy: tuple[finetrust.Run, set[str]],
) -> None:
    folder = noisy[0].folder.path
    file = folder / "data" / "label_suspects.json"
    before = file.read_bytes()
    tune(one_in_twenty_wrong()[0], folder, resume=True)
    assert file.read_bytes() == before


def test_a_class_with_a_single_item_is_not_called_wrong(tmp_path: Path) -> None:
    digits = some_digits()
    targets = digits.targets.copy()
    # The last of the training items each become a class of their own.
    alone = np.arange(N - 40, N)
    targets[alone] = 10 + np.arange(40)
    classes = (*digits.classes, *(f"rare-{i}" for i in range(40)))
    splits = np.where(np.arange(N) % 5 == 0, "test", "train")
    splits[alone] = "train"
    splits[:50] = "val"
    data = replace(digits, targets=targets, classes=classes, splits=splits.astype("<U5"))
    found = found_in(tune(data, tmp_path / "run"))
    assert found["n"] == found["n_train"] - 40
    assert found["alarm"] is False
    assert not any(suspect["label"].startswith("rare") for suspect in found["suspects"])


def test_without_kept_features_labels_are_not_checked(tmp_path: Path) -> None:
    run = tune(some_digits().take(np.arange(150)), tmp_path / "run", strategy="full")
    assert suspects_of(run.folder) == {}


def test_a_spoiled_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "label_suspects.json").write_text("{", encoding="utf-8")
    with pytest.raises(finetrust.UserError, match=r"label_suspects\.json: cannot be read"):
        suspects_of(RunFolder(tmp_path))
