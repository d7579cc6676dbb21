"""finetrust.check_gates: every outcome, planted."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import finetrust
from finetrust.api.gates import judge_gates, read_gates
from finetrust.core.errors import UserError

from .evaluated_runs import answers, shuffled, with_answers, write_run

N = 200


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is right on 180 of 200 items, with neighbours to be held against."""
    home = tmp_path_factory.mktemp("runs")
    base = answers(n=N)
    wrong = np.arange(N) % 10 == 0
    write_run(home / "a", with_answers(base, wrong))
    write_run(home / "same", shuffled(with_answers(base, wrong)))
    write_run(home / "much-better", with_answers(base, np.arange(N) < 1))
    write_run(home / "worse", with_answers(base, np.arange(N) % 2 == 0))
    write_run(home / "others", with_answers(answers(n=150, items=3), np.arange(150) % 10 == 0))
    return home


def status(home: Path, key: str, requirement: str) -> str:
    (outcome,) = finetrust.check_gates(home / "a", {key: requirement}).outcomes
    return outcome.status


@pytest.mark.parametrize(
    ("key", "requirement", "expected"),
    [
        ("accuracy", "> 0.8", "passed"),
        ("accuracy", "> 0.88", "not shown"),
        ("accuracy", "> 99 %", "failed"),
        ("accuracy", "< 0.99", "passed"),
        ("nll", "< 5", "passed"),
        ("recall[class=cat]", "> 0.7", "passed"),
        ("accuracy[site=north]", "> 0.7", "passed"),
        ("worst_group.accuracy", "> 0.7", "passed"),
        ("corruption_accuracy", "> 0.1", "not applicable"),
        ("label_micro_f1", "> 0.1", "not applicable"),
    ],
)
def test_every_outcome(home: Path, key: str, requirement: str, expected: str) -> None:
    assert status(home, key, requirement) == expected


@pytest.mark.parametrize(
    ("key", "requirement", "expected"),
    [
        ("accuracy", "not worse than {home}/same by 0.05", "passed"),
        ("accuracy", "better than {home}/same", "failed"),
        ("accuracy", "better than {home}/worse by 20 %", "passed"),
        ("accuracy", "not worse than {home}/much-better by 0.01", "failed"),
        ("nll", "better than {home}/worse", "passed"),
        ("nll", "not worse than {home}/much-better by 0.01", "failed"),
        ("recall[class=cat]", "better than {home}/worse", "passed"),
        ("macro_f1", "better than {home}/worse", "passed"),
    ],
)
def test_every_outcome_beside_another_run(
    home: Path, key: str, requirement: str, expected: str
) -> None:
    assert status(home, key, requirement.format(home=home)) == expected


def test_runs_on_other_items_are_compared_unpaired_and_it_is_said(home: Path) -> None:
    gates = {"accuracy": f"not worse than {home}/others by 20 %"}
    (outcome,) = finetrust.check_gates(home / "a", gates).outcomes
    assert outcome.status == "passed"
    assert "Not compared item by item" in outcome.said
    (paired,) = finetrust.check_gates(
        home / "a", {"accuracy": f"not worse than {home}/same by 20 %"}
    ).outcomes
    assert "Not compared" not in paired.said


def test_a_star_is_every_part_and_each_is_judged(home: Path) -> None:
    found = finetrust.check_gates(home / "a", {"recall[*]": "> 0.5", "accuracy[site=*]": "> 0.5"})
    keys = [outcome.key for outcome in found.outcomes]
    assert keys == [f"recall[class={c}]" for c in ("cat", "dog", "eel")] + [
        "accuracy[site=north]",
        "accuracy[site=south]",
    ]
    assert found.passed


def test_a_measure_without_a_value_is_not_met_and_says_why(home: Path) -> None:
    (outcome,) = finetrust.check_gates(home / "a", {"corruption_accuracy": "> 0.1"}).outcomes
    reason = finetrust.load(home / "a").profile["corruption_accuracy"].reason
    assert reason
    assert reason in outcome.said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("accuracy[site=nort]", "Did you mean 'accuracy[site=north]'?"),
        ("recall[class=ct]", "Did you mean 'cat'?"),
        ("recall", "recall[*]"),
    ],
)
def test_a_part_that_there_is_not_is_an_error(home: Path, key: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        finetrust.check_gates(home / "a", {key: "> 0.5"})
    assert said in str(error.value)


def test_mistakes_are_found_before_anything_is_judged(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "gates.yaml"
    for text, said in {
        "accuracy: > 0.5\nacuracy: > 0.5": "line 2: unknown measure 'acuracy'. Did you mean",
        f"accuracy: better than {home}/nothing": "line 1: .*nothing is no run folder",
        "recall[class=ct]: > 0.5": "the model has no class 'ct'",
        "accuracy: > 90": "Write '90 %' or '0.9'",
    }.items():
        file.write_text(text)
        with pytest.raises(UserError, match=said):
            read_gates(file, ["cat", "dog", "eel"])


def test_another_run_may_be_named_from_the_file_of_gates(home: Path, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    (home / "gates.yaml").write_text("accuracy: better than worse\n")
    assert finetrust.check_gates(home / "a", home / "gates.yaml").passed
    (home / "gates.yaml").unlink()


def test_what_came_of_it_is_kept_and_goes_with_the_next_evaluation(home: Path) -> None:
    run = finetrust.load(home / "a")
    found = run.check_gates({"accuracy": ["> 0.8", "> 0.88"], "ece": "< 0.001"})
    assert run.gates == found
    assert [o.status for o in found.outcomes[:2]] == ["passed", "not shown"]
    assert not found.passed
    suite = ElementTree.parse(home / "a/gates.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert "| accuracy |" in (home / "a/gates.md").read_text()
    judge_gates(run, read_gates(None))
    assert run.gates is None
    assert not list((home / "a").glob("gates.*"))


def test_nothing_is_left_of_an_earlier_evaluation_where_a_gate_cannot_be_judged(home: Path) -> None:
    run = finetrust.load(home / "a")
    run.check_gates({"accuracy": "> 0.5"})
    with pytest.raises(UserError, match="was not measured"):
        run.check_gates({"accuracy[site=nort]": "> 0.5"})
    assert run.gates is None
