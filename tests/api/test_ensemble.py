"""Deep ensembles and MC dropout: run folders like any other, whose model holds several."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

import finetrust
from finetrust import UserError
from finetrust.api.ensemble import ensemble
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.tasks.task import tasks
from selection.small_nets import NETS
from tuning.runs import digits, tuned

OPTIONS = {"strategy": "lp-ft", "epochs": 2, "batch_size": 25, "augment": "none"}
QUICK = {"trials": "none", "pictures": 0, "quiet": True}


def validation(run: finetrust.Run) -> Predictions:
    return Predictions.load(run.folder.predictions / "val" / "clean.parquet")


def probabilities(run: finetrust.Run) -> np.ndarray:
    return softmax(validation(run)["logits"].astype(np.float64), axis=1)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> list[finetrust.Run]:
    home = tmp_path_factory.mktemp("ensemble")
    return [tuned(home / f"seed-{n}", data, seed=n, input_size=32, **OPTIONS) for n in range(3)]


@pytest.fixture(scope="module")
def deep(runs: list[finetrust.Run]) -> finetrust.Run:
    return finetrust.load(ensemble(*runs, out=runs[0].path.parent / "deep", quiet=True).path)


@pytest.fixture(scope="module")
def sampled(runs: list[finetrust.Run]) -> finetrust.Run:
    out = runs[0].path.parent / "sampled"
    return finetrust.load(ensemble(runs[0], mc_dropout=8, rate=0.3, out=out, quiet=True).path)


def test_it_answers_with_the_mean_probability_of_its_runs(
    runs: list[finetrust.Run], deep: finetrust.Run
) -> None:
    assert list(validation(deep).ids) == list(validation(runs[0]).ids)
    expected = np.mean([probabilities(run) for run in runs], axis=0)
    np.testing.assert_allclose(probabilities(deep), expected, atol=1e-5)


def test_its_nll_is_no_worse_than_that_of_its_runs_on_average(
    runs: list[finetrust.Run], deep: finetrust.Run
) -> None:
    """Jensen's inequality: it holds for every ensemble, whatever its members."""
    losses = [run.folder.record["validation"]["loss"] for run in runs]
    assert deep.folder.record["validation"]["loss"] <= np.mean(losses) + 1e-9


@pytest.mark.parametrize("kind", ["deep", "sampled"])
def test_it_is_a_run_that_evaluate_report_predict_and_compare_take(
    kind: str, runs: list[finetrust.Run], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run: finetrust.Run = request.getfixturevalue(kind)
    trials = {"trials": "corruptions", "corruptions": "contrast", "severities": "3"}
    profile = run.evaluate(**{**QUICK, **trials})
    assert profile["accuracy"].n == 10
    assert profile["corruption_accuracy"].applies
    assert run.model.calibration["n"] == 50
    runs[0].evaluate(**QUICK)
    assert finetrust.compare(runs[0], run).differences
    page = run.report().read_text(encoding="utf-8")
    assert "What it was made of" in page
    assert str(runs[0].path) in page
    picture = tmp_path / "digit.png"
    digits().inputs[0].resize((32, 32)).save(picture)
    (answer,) = run.predict(picture, quiet=True)
    assert answer["class"] in run.model.classes


def test_where_it_came_from_is_recorded(runs: list[finetrust.Run], deep: finetrust.Run) -> None:
    record = deep.folder.record
    assert [one["run"] for one in record["made_of"]] == [str(run.path) for run in runs]
    assert record["strategy"] == "ensemble of 3 runs"
    assert record["command"].startswith("finetrust ensemble ")
    parameters = [run.folder.record["model"]["parameters"] for run in runs]
    assert record["model"]["parameters"] == sum(parameters)
    assert record["model"]["architecture"] == "3 × glyphnet"


def test_passes_with_dropout_are_not_the_run_and_always_the_same(
    runs: list[finetrust.Run], sampled: finetrust.Run, tmp_path: Path
) -> None:
    found = probabilities(sampled)
    assert np.abs(found - probabilities(runs[0])).max() > 1e-3
    again = ensemble(runs[0], mc_dropout=8, rate=0.3, out=tmp_path / "again", quiet=True)
    np.testing.assert_array_equal(probabilities(again), found)
    assert sampled.folder.record["dropout"] == {
        "passes": 8,
        "where": "at a rate of 0.3 before the head",
    }


def test_one_pass_that_drops_nothing_is_the_run_itself(
    runs: list[finetrust.Run], tmp_path: Path
) -> None:
    plain = ensemble(runs[0], mc_dropout=1, rate=0, out=tmp_path / "plain", quiet=True)
    np.testing.assert_array_equal(validation(plain)["logits"], validation(runs[0])["logits"])
    assert plain.model.calibration == runs[0].model.calibration


def test_members_may_have_different_architectures(
    runs: list[finetrust.Run], data: Dataset, tmp_path: Path
) -> None:
    own = runs[0].model.network.preprocessing
    given = {"model": "squeezenet1_1", "weights": "random", "strategy": "linear-probe"}
    other = tuned(tmp_path / "other", data, preprocessing=own, **{**OPTIONS, **given})
    mixed = ensemble(runs[0], other, out=tmp_path / "mixed", quiet=True)
    expected = (probabilities(runs[0]) + probabilities(other)) / 2
    np.testing.assert_allclose(probabilities(mixed), expected, atol=1e-5)
    assert mixed.folder.record["model"]["architecture"] == "2 × glyphnet + squeezenet1_1"


def test_what_does_not_fit_is_refused_in_one_line(
    runs: list[finetrust.Run], deep: finetrust.Run, tmp_path: Path
) -> None:
    other_split = tuned(tmp_path / "split", digits(40), input_size=32, **OPTIONS)
    for given, options, said in (
        (runs[:1], {}, "made of 2 runs or more"),
        (runs[:2], {"mc_dropout": 5}, "passes one run several times, and 2 are given"),
        (runs[:1], {"mc_dropout": 0}, "0 passes with dropout are too few"),
        (runs[:1], {"mc_dropout": 5, "rate": 1.0}, "a dropout rate of 1 is not in"),
        (runs[:2], {"rate": 0.1}, "a rate of 0.1 is one of dropout"),
        ([runs[0], deep], {}, "is an ensemble already"),
        ([runs[0], other_split], {}, "other splits of them: 10 items"),
    ):
        with pytest.raises(UserError, match=said) as raised:
            ensemble(*given, out=tmp_path / "made", quiet=True, **options)
        assert "\n" not in str(raised.value)
        assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_says_whether_its_outputs_have_an_average(name: str) -> None:
    assert (tasks.get(name).average is None) == (name == "detection")


def test_runs_of_several_builders_answer_together(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(f"{NETS}\ndef other():\n    return plain()\n")
    names = [f"{tmp_path}/nets.py:{function}" for function in ("plain", "other")]
    paths = [
        tuned(tmp_path / str(n), model=name, strategy="linear-probe", epochs=1).path
        for n, name in enumerate(names)
    ]
    with pytest.raises(UserError, match=r"nets.py:other, not by .*nets.py:plain. Give --model"):
        ensemble(*paths, out=tmp_path / "e", model=names[0], quiet=True)
    made = ensemble(*paths, out=tmp_path / "e", model=",".join(names), quiet=True)
    again = finetrust.load(made.path, allow_code=",".join(names))
    assert len(again.model.network.recipe["members"]) == 2
