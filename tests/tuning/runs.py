"""Short real runs that the tests of tuning share: the bundled network on a few handwritten digits."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

import finetrust
from finetrust.data.dataset import Dataset
from finetrust.data.source import open_dataset


def digits(train: int = 50, val: int = 50) -> Dataset:
    """Return so many digits to train and to validate on, and ten to test on."""
    every = open_dataset("digits:5")
    rows = [
        np.flatnonzero(every.splits == s)[:n]
        for s, n in (("train", train), ("val", val), ("test", 10))
    ]
    return every.take(np.concatenate(rows))


def tuned(out: Path, data: Dataset | None = None, **options: Any) -> finetrust.Run:
    """Tune on a few digits, quietly and in full precision; GlyphNet on a quarter of its usual pixels."""
    if "model" not in options:
        options = {"model": "glyphnet", "input_size": 16, **options}
    chosen = {"epochs": 2, "precision": "fp32", **options}
    return finetrust.tune(data=data or digits(), out=str(out), quiet=True, **chosen)


def weights_of(run: finetrust.Run) -> dict[str, Tensor]:
    """Return the saved tensors of a run by name."""
    return load_file(run.folder.model / "weights.safetensors")


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Return whether two sets of tensors are bitwise equal."""
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)
