"""A small network for 32 px, as a builder: FILE.py:FUNCTION."""

import itertools

from torch import nn

from finetrust import Preprocessing

WIDTHS, CLASSES = (3, 16, 32, 64), 10


def small_network() -> tuple[nn.Module, Preprocessing]:
    """Three convolutions with batch norm, each followed by a maximum over 2 x 2 pixels."""
    layers: list[nn.Module] = []
    for narrow, wide in itertools.pairwise(WIDTHS):
        layers += [nn.Conv2d(narrow, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(WIDTHS[-1] * 16, CLASSES)]
    plain = Preprocessing(32, 32, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return nn.Sequential(*layers), plain
