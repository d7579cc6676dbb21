"""Recipes: named values with reasons, below what the user says and above the defaults."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import finetrust
from finetrust import UserError
from finetrust.config import TuneOptions, make_options
from finetrust.core.run_folder import RunFolder
from finetrust.tasks.task import TASK_OPTIONS, tasks
from finetrust.tuning.plan import read_plan
from finetrust.tuning.recipe import read_recipe, recipe_names, with_recipe

from .runs import digits, same, tuned, weights_of

WANTED = {
    "naive", "default", "accurate", "robust", "calibrated", "few-shot", "noisy-labels", "long-tail",
    "fast",
}  # fmt: skip
OF_THE_USER = {
    "model",
    "weights",
    "data",
    "out",
    "seed",
    "device",
    "recipe",
    "task",
    "object_masks",
}


def fitting(name: str) -> list[str]:
    """Return the tasks that a recipe is made for."""
    found = []
    for task_name, task in tasks.items():
        try:
            read_recipe(name).values(task_name, task)
        except UserError:
            continue
        found.append(task_name)
    return found


def test_the_promised_recipes_are_there() -> None:
    assert set(recipe_names()) >= WANTED


@pytest.mark.parametrize("name", recipe_names())
def test_every_value_has_a_reason_and_a_source_and_is_valid_for_its_tasks(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.summary
    assert recipe.choices
    for choice in recipe.choices:
        assert choice.values
        assert len(choice.reason) > 20
        assert len(choice.source) > 10
        assert set(choice.values) <= set(TuneOptions.model_fields) - OF_THE_USER
    known = {*tasks.names(), *(task.kind.plural for _, task in tasks.items())}
    assert {fit for choice in recipe.choices for fit in (*choice.fits, *recipe.fits)} <= known
    assert fitting(name)
    for task_name in fitting(name):
        task = tasks.get(task_name)
        values = recipe.values(task_name, task)
        options = make_options(TuneOptions, values)
        read_plan(options.strategy)
        heeded = set(values) & set(TASK_OPTIONS)
        assert heeded <= task.options, task_name
        assert options.calibration in task.calibrations
        assert options.augment is None or options.augment in task.augments


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_trains_images(name: str, tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", recipe=name, epochs=1)
    values = read_recipe(name).values("classification", tasks.get("classification"))
    config = run.folder.config
    assert config["recipe"] == name
    for option, value in values.items():
        if option not in ("epochs", "strategy"):
            assert config[option] == value
    if "strategy" in values:
        assert config["strategy"] == read_plan(values["strategy"]).text


def test_what_the_user_says_stands_above_the_recipe_and_that_above_the_defaults(
    tmp_path: Path,
) -> None:
    task = tasks.get("classification")
    values = read_recipe("naive").values("classification", task)
    (tmp_path / "own.yaml").write_text("layer-decay: 0.5\nlearning_rate: 0.2\n")
    given = {"recipe": "naive", "learning_rate": 0.3, "weight_decay": 0.01}
    options = make_options(TuneOptions, given, tmp_path / "own.yaml")
    resolved = with_recipe(options, "classification", task)
    assert resolved.learning_rate == 0.3
    assert resolved.layer_decay == 0.5
    assert resolved.backbone_learning_rate == values["backbone_learning_rate"]
    assert resolved.strategy == values["strategy"]
    assert resolved.cutmix == TuneOptions().cutmix
    # Given in so many words, a default is the user's wish too.
    kept = make_options(TuneOptions, {"recipe": "naive", "strategy": "lp-ft"})
    assert with_recipe(kept, "classification", task).strategy == "lp-ft"
    assert with_recipe(TuneOptions(), "classification", task) == TuneOptions()


def test_values_differ_by_the_kind_of_input() -> None:
    naive = read_recipe("naive")
    of_texts = naive.values("text-classification", tasks.get("text-classification"))
    of_images = naive.values("classification", tasks.get("classification"))
    assert of_texts["learning_rate"] < of_images["learning_rate"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"recipe": "defualt"}, "unknown recipe 'defualt'. Did you mean 'default'?"),
        ({"recipe": "long-tail", "task": "regression"}, "long-tail' is made for .*not for regress"),
        ({"recipe": "few-shot", "weights": "random"}, "l2-sp pulls toward pretrained weights"),
    ],
)
def test_what_makes_no_sense_is_one_line(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UserError, match=said) as raised:
        finetrust.tune("glyphnet", digits(), out=str(out), quiet=True, **given)
    assert "\n" not in str(raised.value)
    assert not out.exists()


def test_a_run_is_the_same_without_the_recipe_from_its_configuration(tmp_path: Path) -> None:
    first = tuned(tmp_path / "first", recipe="naive", epochs=1)
    config = {k: v for k, v in first.folder.config.items() if k not in ("recipe", "out", "data")}
    file = tmp_path / "plain.yaml"
    file.write_text(yaml.safe_dump(config))
    again = finetrust.tune(
        data=digits(), config=file, out=str(tmp_path / "again"), epochs=1, quiet=True
    )
    assert again.folder.config["recipe"] is None
    assert same(weights_of(first), weights_of(again))
    other = tuned(tmp_path / "other", epochs=1)
    assert not same(weights_of(first), weights_of(other))


def test_a_run_with_a_recipe_goes_on_with_the_same_words(tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = tuned(out, recipe="naive", epochs=1)
    before = weights_of(first)
    folder = RunFolder(out)
    record = {**folder.record, "status": "running"}
    folder.record_file.write_text(json.dumps(record))
    again = tuned(out, recipe="naive", epochs=1, resume=True)
    assert again.folder.record["status"] == "finished"
    assert same(before, weights_of(again))
    with pytest.raises(UserError, match="recipe='naive', not 'fast'"):
        tuned(out, recipe="fast", epochs=1, resume=True)


def test_the_folder_of_a_run_is_called_by_its_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = finetrust.tune("glyphnet", digits(), recipe="naive", epochs=1, quiet=True)
    assert run.path == Path("runs/glyphnet-naive-digits_5")
    named = {"recipe": "naive", "strategy": "linear-probe"}
    run = finetrust.tune("glyphnet", digits(), epochs=1, quiet=True, **named)
    assert run.path == Path("runs/glyphnet-linear-probe-digits_5")
