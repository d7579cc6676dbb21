"""Strategies as users spell them: what trains, and what is added to it."""

from pathlib import Path

import pytest

import finetrust
from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import additions
from finetrust.tuning.plan import read_plan
from finetrust.tuning.strategy import strategies

from .runs import digits, tuned


@pytest.mark.parametrize("name", strategies.names())
def test_a_strategy_alone_is_a_plan(name: str) -> None:
    plan = read_plan(name)
    assert (plan.name, plan.text, plan.slug, dict(plan.added)) == (name, name, name, {})
    assert plan.strategy is strategies.get(name)


@pytest.mark.parametrize("name", additions.names())
@pytest.mark.parametrize("spelled", ["full+{}", " full  + {} ", "full + {}()"])
def test_spaces_and_empty_brackets_mean_nothing(name: str, spelled: str) -> None:
    plan = read_plan(spelled.format(name))
    assert plan.text == f"full + {name}"
    assert plan.slug == f"full+{name}"
    assert plan.added[name] == additions.get(name)()
    assert read_plan(plan.text).text == plan.text


def test_settings_stand_in_brackets() -> None:
    plan = read_plan("lp-ft + saliency-guided( weight = 2.5e+1 )")
    assert plan.added["saliency-guided"].weight == 25
    assert plan.text == "lp-ft + saliency-guided(weight=2.5e+1)"
    assert plan.slug == "lp-ft+saliency-guided"
    assert read_plan("full + saliency-guided").added["saliency-guided"].weight > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fulll", "unknown strategy 'fulll'. Did you mean 'full'?"),
        ("full + saliency-giuded", "unknown addition .* Did you mean 'saliency-guided'?"),
        ("saliency-guided", "saliency-guided does not say what trains"),
        ("saliency-guided + full", "saliency-guided does not say what trains"),
        ("full + lp-ft", "full says what trains, and so does lp-ft"),
        ("full + saliency-guided + saliency-guided", "saliency-guided is added twice"),
        ("full +", "'' is no name"),
        ("+ saliency-guided", "'' is no name"),
        ("", "'' is no name"),
        ("full saliency-guided", "is no name"),
        ("full + saliency-guided(weight=1", "is no name"),
        ("full + saliency-guided(weight)", "'weight' sets nothing"),
        ("full + saliency-guided(weight=1, weight=2)", "sets nothing"),
        ("full + saliency-guided(wieght=1)", "no setting 'wieght'. Did you mean 'weight'?"),
        ("full + saliency-guided(weight=much)", "option 'weight' is 'much'"),
        ("full + saliency-guided(weight=-1)", "option 'weight' is '-1'"),
        ("full + saliency-guided(weight=inf)", "option 'weight' is 'inf'"),
        ("full(weight=1)", "full has no settings"),
    ],
)
def test_what_makes_no_sense_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UserError, match=said) as raised:
        finetrust.tune("glyphnet", digits(), strategy=text, out=str(out), quiet=True)
    assert "\n" not in str(raised.value)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"strategy": "linear-probe", "backbone_learning_rate": 1e-4},
            "--backbone-learning-rate means nothing where the backbone stays frozen",
        ),
        (
            {"strategy": "linear-probe + ema", "backbone_learning_rate": "auto"},
            "--backbone-learning-rate means nothing .* as with linear-probe \\+ ema",
        ),
        ({"strategy": "linear-probe", "layer_decay": 0.5}, "--layer-decay means nothing"),
        (
            {"strategy": "gradual-unfreeze", "epochs": 1},
            "gradual-unfreeze has no epoch left for the backbone in --epochs 1",
        ),
        (
            {"strategy": "full", "patience": 2, "val_fraction": 0.0, "data": digits(val=0)},
            "--patience waits for better validation results",
        ),
    ],
)
def test_what_would_be_ignored_is_refused_in_one_line(
    options: dict, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said) as raised:
        tuned(tmp_path / "run", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_recipe_may_set_what_the_strategy_does_not_heed() -> None:
    options = TuneOptions(strategy="linear-probe", recipe="default", layer_decay=1.0)
    read_plan(options.strategy).check(options, tasks.get("classification"), digits())


def test_the_folder_of_a_run_is_called_by_the_names_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="where the objects are"):
        finetrust.tune("glyphnet", digits(), strategy="full+saliency-guided", quiet=True)
    run = finetrust.tune("glyphnet", digits(), strategy="linear-probe", epochs=1, quiet=True)
    assert run.path == Path("runs/glyphnet-linear-probe-digits_5")
