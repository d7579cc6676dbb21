"""What own candidates are pretrained on: images of 32 px with a class each, none of them of a target.

Of CIFAR-10 its training images; of CamVid two drives, and the classes that no target asks for; of BCCD the
photos of its part ``train``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from selection_windows import cell_windows, scenes, street_windows

SIDE = 32
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
VEHICLES = ("airplane", "automobile", "ship", "truck")
SOURCE_DRIVES, TARGET_DRIVES = ("0016E5", "0006R0"), ("0001TP", "Seq05VD")
SOURCE_STREET = ("sky", "building", "pole", "tree", "fence")


@dataclass(frozen=True, eq=False)
class Source:
    """Images to pretrain on.

    Parameters
    ----------
    images : uint8 array (n, 32, 32, 3)
    labels : int64 array (n,)
    flips : bool
        Whether a mirror image keeps its class.
    """

    images: np.ndarray
    labels: np.ndarray
    flips: bool = True


def everything(shared: Path) -> Source:
    """All ten classes of CIFAR-10."""
    return _cifar10(shared, (*ANIMALS, *VEHICLES))


def animals(shared: Path) -> Source:
    """Six classes of CIFAR-10."""
    return _cifar10(shared, ANIMALS)


def vehicles(shared: Path) -> Source:
    """Four classes of CIFAR-10."""
    return _cifar10(shared, VEHICLES)


def drawn_labels(shared: Path) -> Source:
    """CIFAR-10 with labels that are drawn at random, half of its images."""
    source = everything(shared)
    rng = np.random.default_rng(0)
    kept = rng.permutation(len(source.images))[: len(source.images) // 2]
    return Source(source.images[kept], rng.integers(0, 10, len(kept)))


def turned(shared: Path) -> Source:
    """CIFAR-10; the class is by how many quarters an image is turned (Gidaris et al. 2018)."""
    images = everything(shared).images
    quarters = np.random.default_rng(0).integers(0, 4, len(images))
    found = [np.rot90(image, k) for image, k in zip(images, quarters, strict=True)]
    return Source(np.stack(found), quarters, flips=False)


def streets(shared: Path) -> Source:
    """Windows of CamVid of five classes."""
    masks = scenes(shared / "camvid", SOURCE_DRIVES)
    found = [(w[1], w[2]) for w in street_windows(masks, SOURCE_STREET, each=6)]
    return _gathered(found, SOURCE_STREET)


def cells(shared: Path) -> Source:
    """Blood cells of BCCD and what lies between them."""
    found = [(w[1], w[2]) for w in cell_windows(shared / "bccd", "train", each=3)]
    return _gathered(found, ("Platelets", "RBC", "WBC", "background"))


SOURCES: Mapping[str, Callable[[Path], Source]] = {
    "everything": everything,
    "animals": animals,
    "vehicles": vehicles,
    "drawn labels": drawn_labels,
    "turned": turned,
    "streets": streets,
    "cells": cells,
}


def _cifar10(shared: Path, labels: Sequence[str]) -> Source:
    found = [
        (label, Image.open(file).convert("RGB"))
        for label in labels
        for file in sorted((shared / "cifar10" / "train" / label).iterdir())
    ]
    return _gathered(found, labels)


def _gathered(found: Sequence[tuple[str, Image.Image]], labels: Sequence[str]) -> Source:
    resized = [
        np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for _, image in found
    ]
    return Source(np.stack(resized), np.array([labels.index(label) for label, _ in found]))
