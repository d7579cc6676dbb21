from pathlib import Path

import pytest
import torch

from finetrust.core.errors import UserError
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Architecture, load_pretrained, sources

BUILDER = """
from __future__ import annotations
from dataclasses import dataclass
from torch import nn
import finetrust
from beside import WIDTH

@dataclass
class Config:
    classes: int = 4

def build(classes=4):
    return nn.Sequential(nn.Flatten(), nn.Linear(WIDTH, Config(classes).classes))

def pair():
    return build(), finetrust.Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.25,) * 3)

def wrong():
    return "a module"

def failing():
    return 1 / 0
"""


@pytest.fixture
def builder(tmp_path):
    (tmp_path / "beside.py").write_text("WIDTH = 192\n")
    (tmp_path / "mine.py").write_text(BUILDER)
    return lambda function: f"{tmp_path / 'mine.py'}:{function}"


def load(name, weights="pretrained", **args):
    return load_pretrained(name, weights, args)[1]


def test_a_function_builds_the_module_from_the_arguments(builder):
    built = load(builder("build"), classes=6)
    assert built.module(torch.zeros(1, 3, 8, 8)).shape == (1, 6)
    assert built.preprocessing is None
    assert built.provenance.source == f"built by {builder('build')}"
    assert len(built.provenance.sha256) == 64


def test_a_builder_may_return_the_preprocessing_too(builder):
    expected = Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.25,) * 3)
    assert load(builder("pair")).preprocessing == expected


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("biuld", r"has no function 'biuld'. Did you mean 'build'\?"),
        ("fintrust", r"has no function 'fintrust'. Name one that it has."),
        ("wrong", "returned str. Return an nn.Module, or"),
        ("failing", r"mine\.py: line 22: ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_wrong_with_a_builder_is_told_in_one_line(builder, function, said):
    with pytest.raises(UserError, match=said) as caught:
        load(builder(function))
    assert "\n" not in str(caught.value)


def test_arguments_that_a_builder_does_not_take_are_told(builder):
    with pytest.raises(UserError, match=r"unexpected keyword argument 'no'.*model-args"):
        load(builder("build"), no=1)


def test_code_that_is_no_python_is_told_with_its_line(tmp_path):
    (tmp_path / "broken.py").write_text("x = 1\ndef build(:\n")
    with pytest.raises(UserError, match=r"broken\.py: SyntaxError"):
        load(f"{tmp_path / 'broken.py'}:build")


def test_a_missing_builder_is_told(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load(f"{tmp_path / 'none.py'}:build")


def rebuilt(name, allowed):
    architecture = Architecture("builder", name)
    return sources.get("builder").rebuild(architecture, Path("r/a/model"), allowed)


def test_of_the_code_that_may_run_that_of_the_model_does(builder, tmp_path):
    other = f"{tmp_path / 'other.py'}:other"
    assert rebuilt(builder("build"), f"{other},{builder('build')}")[1].out_features == 4
    assert rebuilt("moved/mine.py:build", builder("build"))[1].out_features == 4


def test_the_code_of_another_model_is_refused_by_its_name(builder):
    said = rf"r/a/model: .* by the code {builder('build')}, not by {builder('pair')}. Give --model"
    with pytest.raises(UserError, match=said):
        rebuilt(builder("build"), builder("pair"))


def test_named_weights_mean_nothing_to_a_builder(builder):
    with pytest.raises(UserError, match=r"IMAGENET1K_V1: no such file.*builds its own weights"):
        load(builder("build"), "IMAGENET1K_V1")
