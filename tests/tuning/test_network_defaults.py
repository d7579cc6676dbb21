"""Rates of pretrained layers by whether the network has batch norm, and what the user says above that."""

from pathlib import Path

import pytest
import timm
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

import finetrust
from finetrust import Preprocessing
from finetrust.tasks.task import tasks

from .runs import digits

SMALL = Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3)


def transformer() -> nn.Module:
    return timm.create_model(
        "vit_tiny_patch16_224", img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=2
    )


def convolutional(norm: type[nn.Module]) -> nn.Module:
    layers = [nn.Conv2d(3, 8, 3, 4), norm(8)]
    return nn.Sequential(
        *layers, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )


def phase(out: Path, module: nn.Module, **options: object) -> dict:
    run = finetrust.tune(
        module,
        digits(),
        out=str(out),
        preprocessing=SMALL,
        strategy="full",
        epochs=1,
        quiet=True,
        **options,
    )
    return run.folder.record["phases"][-1]


@pytest.mark.parametrize(
    ("module", "factor"),
    [
        (convolutional(nn.BatchNorm2d), 1.0),
        (convolutional(FrozenBatchNorm2d), 1.0),
        (convolutional(nn.Identity), 0.1),
        (transformer(), 0.1),
    ],
    ids=["batch norm", "frozen batch norm", "no norm", "layer norm"],
)
def test_without_batch_norm_pretrained_layers_get_a_tenth(
    module: nn.Module, factor: float, tmp_path: Path
) -> None:
    defaults = tasks.get("classification").defaults
    found = phase(tmp_path, module)
    expected = defaults.full_rate * defaults.backbone_share * factor
    assert found["backbone_learning_rate"] == pytest.approx(expected)
    assert found["learning_rate"] == defaults.full_rate


def test_what_the_user_says_stands_above_that(tmp_path: Path) -> None:
    given = phase(tmp_path / "given", transformer(), backbone_learning_rate=0.002)
    assert given["backbone_learning_rate"] == 0.002


@pytest.mark.parametrize("task", ["text-classification", "token-classification"])
def test_for_texts_the_rate_was_found_with_such_networks(task: str) -> None:
    assert tasks.get(task).defaults.without_batch_norm == 1.0
