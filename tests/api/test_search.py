"""A search keeps to its budget, its seed and its validation data; killed, it goes on where it was."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from torch import Tensor, nn

import finetrust
from finetrust.core.run_folder import RunFolder
from finetrust.tuning.search.search import Search
from killed import kill_at, started
from tuning.runs import digits, same, weights_of

GOOD, BAD = 0.02, 1e-6
PLANTED = {"strategy": ["linear-probe"], "learning_rate": [BAD, GOOD]}


def searched(out: Path | str, space: dict[str, Any] | None = None, **options: Any) -> Search:
    """Search on a few digits, quietly and on a quarter of GlyphNet's usual pixels."""
    if space is not None:
        file = Path(out).with_suffix(".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(space), encoding="utf-8")
        options["space"] = str(file)
    chosen = {"input_size": 16, "epochs": 2, "precision": "fp32", "quiet": True, **options}
    return finetrust.search("glyphnet", digits(), out=str(out), **chosen)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Search:
    """A search over one good value and one bad one."""
    out = tmp_path_factory.mktemp("search") / "planted"
    return searched(out, PLANTED, maximize="accuracy", minimize="nll", trials=8)


def test_the_front_holds_the_good_value_and_not_the_bad_one(planted: Search) -> None:
    assert [trial.options["learning_rate"] for trial in planted.pareto] == [GOOD]
    assert planted.best().options["learning_rate"] == GOOD
    assert {trial.options["learning_rate"] for trial in planted.finished} == {GOOD, BAD}


def test_a_combination_that_is_known_is_not_trained_again(planted: Search) -> None:
    assert len(planted.finished) == 2
    refused = [trial for trial in planted.trials if trial.state == "refused"]
    assert refused
    assert all("the same as trial" in trial.reason for trial in refused)
    assert not any((planted.path / trial.folder).exists() for trial in refused)


def test_a_trial_is_an_ordinary_run_that_was_judged_on_validation_data_alone(
    planted: Search,
) -> None:
    for trial in planted.finished:
        run = finetrust.load(planted.path / trial.folder)
        assert run.profile.data["split"] == "val"
        for key, figure in trial.figures.items():
            measure = run.profile[key]
            found = (figure.value, figure.ci_low, figure.ci_high, figure.n)
            assert found == (measure.value, measure.ci_low, measure.ci_high, measure.n)
            assert figure.n == 50
        assert [p.name for p in run.folder.predictions.iterdir()] == ["val"]


def test_what_was_found_can_be_read_again(planted: Search) -> None:
    again = Search.load(planted.path)
    assert again.to_dict() == planted.to_dict()
    raw = json.loads((planted.path / "search.json").read_text(encoding="utf-8"))
    assert raw["judged_on"] == "validation data"
    assert raw["pareto"] == [raw["best"]]


def test_the_best_point_is_a_configuration_of_tune(planted: Search) -> None:
    config = yaml.safe_load((planted.path / "best.yaml").read_text(encoding="utf-8"))
    assert config["learning_rate"] == GOOD
    assert config["epochs"] == 2
    finetrust.config.make_options(finetrust.config.TuneOptions, config)


def test_the_page_shows_every_trial_and_fetches_nothing(planted: Search) -> None:
    page = (planted.path / "search.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "validation data" in page
    assert "linear-probe" in page
    assert 'class="plot front-plot"' in page


def test_the_chosen_point_is_trained_to_the_same_weights_and_judged_on_test_data(
    planted: Search, tmp_path: Path
) -> None:
    best = planted.best()
    run = finetrust.take(planted, out=tmp_path / "final", data=digits(), quiet=True)
    assert same(weights_of(run), weights_of(finetrust.load(planted.path / best.folder)))
    assert run.profile.data["split"] == "test"
    before = run.folder.profile_file.stat().st_mtime_ns
    finetrust.take(planted, best.number, out=tmp_path / "final", data=digits(), quiet=True)
    assert run.folder.profile_file.stat().st_mtime_ns == before
    assert list(Search.load(planted.path).finals) == [
        {"trial": best.number, "run": str(tmp_path / "final")}
    ]


def test_a_trial_that_is_not_there_is_not_taken(planted: Search) -> None:
    with pytest.raises(finetrust.UserError, match=r"trial 99 is not finished. Finished: "):
        finetrust.take(planted, 99, quiet=True)


def test_another_search_in_the_same_folder_is_refused(planted: Search) -> None:
    with pytest.raises(finetrust.UserError, match="holds another search"):
        searched(planted.path, trials=8)


def test_a_search_does_not_go_on_with_other_options(planted: Search) -> None:
    for other in ({"seed": 3}, {"epochs": 3}, {"maximize": "accuracy,mcc"}):
        options = {"trials": 8, "maximize": "accuracy", "minimize": "nll", **other}
        with pytest.raises(finetrust.UserError, match="another search called planted: its "):
            searched(planted.path, resume=True, **options)


VARIED = {
    "strategy": ["linear-probe", "full"],
    "learning_rate": {"low": 1e-3, "high": 0.1, "log": True},
}
ENDLESS = {"trials": 2, "checkpoint_steps": 1, "seed": 5}


def test_a_search_that_is_killed_ends_as_one_that_never_was(tmp_path: Path) -> None:
    whole = searched(tmp_path / "whole" / "s", VARIED, **ENDLESS)
    out = tmp_path / "killed" / "s"
    second = whole.finished[1]
    kill_at(started(searched, out, VARIED, resume=True, **ENDLESS), out / second.folder, (0, 1))
    assert RunFolder(out / second.folder).record.get("status") != "finished"
    first = (out / whole.finished[0].folder / "run.json").stat().st_mtime_ns

    again = searched(out, resume=True, **ENDLESS)
    assert (out / whole.finished[0].folder / "run.json").stat().st_mtime_ns == first
    assert [trial.options for trial in again.trials] == [trial.options for trial in whole.trials]
    assert [trial.figures for trial in again.trials] == [trial.figures for trial in whole.trials]
    for trial in whole.finished:
        runs = (finetrust.load(search.path / trial.folder) for search in (whole, again))
        assert same(*map(weights_of, runs))


def test_a_search_that_is_done_goes_on_with_a_larger_budget(
    planted: Search, tmp_path: Path
) -> None:
    few = searched(tmp_path / "s", VARIED, trials=1)
    more = searched(tmp_path / "s", resume=True, trials=2)
    assert [trial.options for trial in more.trials][:1] == [trial.options for trial in few.trials]
    assert len(more.finished) == 2


def test_a_trial_that_fails_is_recorded_and_the_search_goes_on(tmp_path: Path) -> None:
    space = {"strategy": ["linear-probe"], "learning_rate": [1e38, GOOD]}
    found = searched(tmp_path / "s", space, trials=2)
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert [trial.options["learning_rate"] for trial in failed] == [1e38]
    assert "training loss became" in failed[0].reason
    assert found.best().options["learning_rate"] == GOOD


class Fussy(nn.Module):
    """A network that does not train on three images at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 4))
        self.fc = nn.Linear(4, 10)

    def forward(self, images: Tensor) -> Tensor:
        if self.training and len(images) == 3:
            raise KeyError("three")
        return self.fc(self.body(images))


def test_a_fault_of_any_kind_fails_its_trial_alone(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(yaml.safe_dump({"strategy": ["full"], "batch_size": [3, 10]}))
    found = finetrust.search(
        Fussy(),
        digits(),
        out=str(tmp_path / "s"),
        preprocessing=finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3),
        space=str(file),
        trials=2,
        epochs=1,
        precision="fp32",
        quiet=True,
    )
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert [(t.options["batch_size"], t.reason) for t in failed] == [(3, "KeyError: 'three'")]
    assert found.best().options["batch_size"] == 10


def test_three_failures_at_the_start_end_a_search_with_the_reason(tmp_path: Path) -> None:
    space = {"strategy": ["linear-probe"], "learning_rate": [1e38, 1.1e38, 1.2e38, 1.3e38]}
    with pytest.raises(finetrust.UserError, match=r"first 3 trials failed.* training loss became"):
        searched(tmp_path / "s", space, trials=10)


def test_a_trial_that_falls_behind_is_stopped(tmp_path: Path) -> None:
    space = {"strategy": ["linear-probe"], "learning_rate": [0.02, 0.021, 0.022, 0.023, 0.024, BAD]}
    found = searched(tmp_path / "s", space, trials=6, epochs=3, batch_size=16)
    stopped = [trial for trial in found.trials if trial.state == "stopped"]
    # The bad one cannot be stopped if it is among the first, who have nobody to be held against.
    assert BAD in [trial.options["learning_rate"] for trial in stopped]
    for trial in stopped:
        assert "below that of 50 %" in trial.reason
        assert not RunFolder(found.path / trial.folder).checkpoints.exists()


def test_a_combination_that_makes_no_sense_is_refused_and_not_trained(tmp_path: Path) -> None:
    space = {"strategy": ["linear-probe", "full"], "additions": ["l2-sp"]}
    found = searched(tmp_path / "s", space, trials=1, epochs=1, seed=1)
    assert [t.options["strategy"] for t in found.finished] == ["full + l2-sp"]
    assert all(t.state in ("finished", "refused") for t in found.trials)
    assert "1 of 2 combinations" in found.notes[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "a search needs an end. Give --trials 40"),
        ({"trials": 0}, "option 'trials' is 0"),
        ({"budget": "soon"}, "--budget 'soon' is no time"),
        (
            {"trials": 2, "maximize": "acuracy"},
            "unknown measure 'acuracy'. Did you mean 'accuracy'",
        ),
        ({"trials": 2, "minimize": "accuracy"}, "it is better the higher it is"),
        ({"trials": 2, "head": "fcos"}, "--head fcos means nothing for classification"),
        (
            {"trials": 2, "object_masks": "m"},
            "--object-masks means nothing without saliency-guided",
        ),
        ({"trials": 2, "storage": "nonsense"}, "cannot be used"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(finetrust.UserError, match=said) as raised:
        searched(tmp_path / "s", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "s" / "trials").exists()


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"epochs": [1, 2]}, "epochs is given, and .* varies it"),
        ({"strategy": ["linear-probe"], "additions": ["l2-sp"]}, "no combination .* makes sense"),
        ({"strategy": ["linear-prob"]}, "unknown strategy 'linear-prob'"),
    ],
)
def test_a_space_of_nonsense_is_one_line_before_anything_runs(
    space: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(finetrust.UserError, match=said):
        searched(tmp_path / "s", space, trials=2)
    assert not (tmp_path / "s").exists()


def test_a_space_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(finetrust.UserError, match=r"absent.yaml: cannot be read"):
        finetrust.search(
            "glyphnet", digits(), out=str(tmp_path / "s"), trials=1, space="absent.yaml"
        )


def test_a_measure_that_does_not_apply_ends_a_search_at_once(tmp_path: Path) -> None:
    with pytest.raises(finetrust.UserError, match=r"miou does not apply: .*Name another measure"):
        searched(tmp_path / "s", PLANTED, trials=5, maximize="miou")
    assert len(list((tmp_path / "s" / "trials").glob("[0-9]*"))) == 1


def test_a_measure_of_stability_gets_the_trial_it_needs(tmp_path: Path) -> None:
    found = searched(tmp_path / "s", PLANTED, trials=1, maximize="harmless_consistency")
    assert found.finished[0].figures["harmless_consistency"].n > 0


def test_without_optuna_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(finetrust.UserError, match=r"finetrust\[search\]"):
        searched(tmp_path / "s", trials=1)
