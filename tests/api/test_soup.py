"""Model soups: runs of one start become one run, and nothing that does not fit gets in."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import finetrust
from finetrust import UserError
from finetrust.api.soup import greedy_soup, soup
from finetrust.core.run_folder import RunFolder
from finetrust.models.weight_average import mean_weights
from tuning.runs import digits, same, tuned, weights_of

RATES = (1e-3, 5e-3, 2e-2)
OPTIONS = {"strategy": "lp-ft", "epochs": 2, "batch_size": 25, "augment": "none"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[finetrust.Run]:
    home, data = tmp_path_factory.mktemp("soup"), digits()
    return [
        tuned(home / f"rate-{rate:g}", data, learning_rate=rate, seed=seed, **OPTIONS)
        for seed, rate in enumerate(RATES)
    ]


@pytest.fixture(scope="module")
def uniform(runs: list[finetrust.Run]) -> finetrust.Run:
    return soup(*runs, kind="uniform", out=runs[0].path.parent / "uniform", quiet=True)


def test_a_uniform_soup_has_the_mean_of_the_weights(
    runs: list[finetrust.Run], uniform: finetrust.Run
) -> None:
    own = [weights_of(run) for run in runs]
    assert not same(own[0], own[1])
    assert same(weights_of(uniform), mean_weights(own))


def test_it_is_a_run_that_evaluate_report_predict_and_compare_take(
    runs: list[finetrust.Run], uniform: finetrust.Run
) -> None:
    quick = {"trials": "none", "pictures": 0, "quiet": True}
    for run in (runs[0], uniform):
        run.evaluate(**quick)
    judged = finetrust.load(uniform.path)
    assert judged.profile["accuracy"].n == 10
    assert judged.model.calibration["n"] == 50
    assert judged.folder.record["validation"].keys() == runs[0].folder.record["validation"].keys()
    page = judged.report().read_text(encoding="utf-8")
    assert "What it was made of" in page
    assert str(runs[2].path) in page
    assert finetrust.compare(runs[0], judged).differences


def test_where_it_came_from_is_recorded(runs: list[finetrust.Run], uniform: finetrust.Run) -> None:
    record = uniform.folder.record
    assert [one["run"] for one in record["made_of"]] == [str(run.path) for run in runs]
    assert [one["seed"] for one in record["made_of"]] == [0, 1, 2]
    assert all(one["taken"] for one in record["made_of"])
    assert record["strategy"] == "uniform soup of 3 of 3 runs"
    assert record["command"].startswith("finetrust soup ")
    assert record["data"] == runs[0].folder.record["data"]


def test_a_greedy_soup_is_no_worse_than_its_best_run(runs: list[finetrust.Run]) -> None:
    made = soup(*runs, out=runs[0].path.parent / "greedy", quiet=True)
    best = max(run.folder.record["validation"]["accuracy"] for run in runs)
    assert made.folder.record["validation"]["accuracy"] >= best
    assert any(one["taken"] for one in made.folder.record["made_of"])
    assert all("soup" in one for one in made.folder.record["made_of"])


def test_runs_that_are_the_same_make_a_soup_that_is_the_same(
    runs: list[finetrust.Run], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(runs[0].path, tmp_path / "copy"))
    made = soup(runs[0], copy, kind="uniform", out=tmp_path / "soup", quiet=True)
    found, expected = weights_of(made), weights_of(runs[0])
    assert same(found, expected)


def test_greedy_takes_what_makes_it_no_worse_in_the_order_given() -> None:
    gains = {0: 5, 1: -2, 2: 0, 3: 1}

    def figures(numbers: Sequence[int]) -> dict[str, float]:
        return {"accuracy": sum(gains[k] for k in numbers)}

    tried = greedy_soup([0, 1, 2, 3], figures, "accuracy")
    assert [one.number for one in tried] == [0, 1, 2, 3]
    assert [one.taken for one in tried] == [True, False, True, True]
    assert [one.figures["accuracy"] for one in tried] == [5, 3, 5, 6]
    only = greedy_soup([1, 3], lambda numbers: {"accuracy": -float(len(numbers))}, "accuracy")
    assert [one.taken for one in only] == [True, False]


def changed(run: finetrust.Run, folder: Path, **facts: object) -> Path:
    """Copy a run and change what its model file says."""
    shutil.copytree(run.path, folder)
    file = folder / "model" / "model.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    known |= {name: {**known[name], **value} for name, value in facts.items()}
    file.write_text(json.dumps(known), encoding="utf-8")
    return folder


def test_what_does_not_fit_is_refused_in_one_line(
    runs: list[finetrust.Run], tmp_path: Path
) -> None:
    other_split = tuned(tmp_path / "split", digits(40), **OPTIONS)
    squashed = changed(runs[1], tmp_path / "size", preprocessing={"resize": 40})
    start = changed(runs[1], tmp_path / "start", provenance={"sha256": "00" * 32})
    scratch = [
        changed(runs[k], tmp_path / f"scratch{k}", provenance={"sha256": ""}) for k in range(2)
    ]
    for given, said in (
        ([runs[0]], "made of 2 runs or more"),
        ([runs[0], runs[0].path], "given twice"),
        ([runs[0], other_split], "other splits of them: 10 items"),
        ([runs[0], squashed], "differs from .* in preprocessing"),
        ([runs[0], start], "different pretrained weights"),
        (scratch, "started from random weights"),
        ([runs[0], tmp_path / "nowhere"], "no run folder"),
    ):
        with pytest.raises(UserError, match=said) as raised:
            soup(*given, out=tmp_path / "soup", quiet=True)
        assert "\n" not in str(raised.value)
        assert not (tmp_path / "soup").exists()
    with pytest.raises(UserError, match="holds another run"):
        soup(*runs, out=runs[0].path, quiet=True)
    with pytest.raises(UserError, match="soup kind 'best'"):
        soup(*runs, kind="best", out=tmp_path / "soup", quiet=True)  # type: ignore[arg-type]


def test_other_classes_are_refused(runs: list[finetrust.Run], tmp_path: Path) -> None:
    other = shutil.copytree(runs[1].path, tmp_path / "other")
    file = other / "model" / "model.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    known["classes"] = [*known["classes"][1:], known["classes"][0]]
    file.write_text(json.dumps(known), encoding="utf-8")
    with pytest.raises(UserError, match=r"differs from .* in classes"):
        soup(runs[0], other, out=tmp_path / "soup", quiet=True)


def test_greedy_needs_validation_data(tmp_path: Path) -> None:
    data = digits().take(np.flatnonzero(digits().splits != "val"))
    pair = [
        tuned(tmp_path / f"{seed}", data, val_fraction=0, seed=seed, **OPTIONS) for seed in (0, 1)
    ]
    with pytest.raises(UserError, match="chosen on validation data"):
        soup(*pair, out=tmp_path / "soup", quiet=True)
    made = soup(*pair, kind="uniform", out=tmp_path / "soup", quiet=True)
    assert made.folder.record["validation"] == {}
    assert made.model.calibration == {}


def test_what_a_kill_left_of_a_soup_says_how_to_make_it_again(
    uniform: finetrust.Run, tmp_path: Path
) -> None:
    left = changed(uniform, tmp_path / "left")
    RunFolder(left).write_record(status="running")
    with pytest.raises(UserError, match=r"Delete the folder and make it again: finetrust soup"):
        finetrust.load(left)
