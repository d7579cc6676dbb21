"""Real data that pretrained models are chosen for, small enough for one core.

No image of theirs is among those that own candidates are pretrained on (``selection_sources.py``); of
CIFAR-10 they take test images only, because the published networks have seen the training images.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from data_tables import OF_IMAGES, read_table, write_table
from PIL import Image, ImageFilter, ImageOps
from selection_sources import ANIMALS, SOURCE_STREET, TARGET_DRIVES, VEHICLES
from selection_windows import (
    Window,
    cell_windows,
    crowd_windows,
    platelet_windows,
    quarter_windows,
    scene_windows,
    scenes,
    street_windows,
)
from trust_pairs import Row, hymenoptera

Change = Callable[[Image.Image, np.random.Generator], Image.Image]
TARGET_STREET = ("road", "pavement", "sign", "car", "pedestrian")


@dataclass(frozen=True)
class Target:
    """Data to choose a model for.

    Parameters
    ----------
    title : str
    data : Path
        A table with training and test data.
    given : mapping
        Options of ``finetrust tune`` that only this target gets, the same for all candidates.
    """

    title: str
    data: Path
    given: Mapping[str, Any] = field(default_factory=dict)


def animals(shared: Path, home: Path) -> Target:
    """Six classes of CIFAR-10, 40 images each."""
    rows = _cifar10(shared, ANIMALS, train=40, test=80)
    return Target("animals of CIFAR-10", write_table(home / "animals.csv", OF_IMAGES, rows))


def vehicles(shared: Path, home: Path) -> Target:
    """Four classes of CIFAR-10, 60 images each."""
    rows = _cifar10(shared, VEHICLES, train=60, test=120)
    return Target("vehicles of CIFAR-10", write_table(home / "vehicles.csv", OF_IMAGES, rows))


def turned(shared: Path, home: Path) -> Target:
    """Which of four ways up an image of CIFAR-10 is; each image stands in one way."""
    return _in_one_way(shared, home, "turned", "way up of CIFAR-10", TURNED)


def insects(shared: Path, home: Path) -> Target:
    """Photos of ants and bees; they come from ImageNet, which MobileNetV1 was pretrained on."""
    return Target("ants and bees", hymenoptera(shared, home).data)


def streets(shared: Path, home: Path) -> Target:
    """Windows of CamVid of five classes; of each drive the last third of the scenes is for testing."""
    return _of_scenes(
        shared,
        home,
        "streets",
        "windows of CamVid",
        partial(street_windows, labels=TARGET_STREET),
        train=2,
        test=5,
    )


def cells(shared: Path, home: Path) -> Target:
    """Blood cells of BCCD and what lies between them, 15 windows each."""
    train: list[Window] = []
    for window in cell_windows(shared / "bccd", "val", each=1):
        if sum(known[1] == window[1] for known in train) < 15:
            train.append(window)
    windows = {"train": train, "test": cell_windows(shared / "bccd", "test", each=2)}
    rows = _saved(home / "cells", windows)
    return Target("cells of BCCD", write_table(home / "cells.csv", OF_IMAGES, rows), {"epochs": 20})


def crowds(shared: Path, home: Path) -> Target:
    """How many red cells lie in a window of BCCD: up to two, three or four, or more."""
    return _of_slides(shared, home, "crowds", "how many cells of BCCD", crowd_windows, train=3)


def digits(shared: Path, home: Path) -> Target:
    """Handwritten digits that come with scikit-learn, 8 px enlarged, 12 each."""
    from sklearn.datasets import load_digits

    found = load_digits()
    windows: dict[str, list[Window]] = {"train": [], "test": []}
    seen = [0] * 10
    for number, (pixels, label) in enumerate(zip(found.images, found.target, strict=True)):
        split = "train" if seen[label] < 12 else "test"
        seen[label] += 1
        if seen[label] <= 72:
            image = Image.fromarray((pixels * 255 / 16).astype(np.uint8)).convert("RGB")
            windows[split].append((f"{number}", str(label), image))
    rows = _saved(home / "digits", windows)
    return Target("digits", write_table(home / "digits.csv", OF_IMAGES, rows), {"epochs": 12})


def everything(shared: Path, home: Path) -> Target:
    """All ten classes of CIFAR-10, 30 images each."""
    rows = _cifar10(shared, (*ANIMALS, *VEHICLES), train=30, test=60)
    return Target("all of CIFAR-10", write_table(home / "everything.csv", OF_IMAGES, rows))


def spoilt(shared: Path, home: Path) -> Target:
    """How an image of CIFAR-10 is spoilt, if it is; each image stands in one way."""
    return _in_one_way(shared, home, "spoilt", "how CIFAR-10 is spoilt", SPOILT)


def quarters(shared: Path, home: Path) -> Target:
    """In which quarter of a window of BCCD the white cell lies."""
    return _of_slides(shared, home, "quarters", "where the cell is, BCCD", quarter_windows, train=4)


def roads(shared: Path, home: Path) -> Target:
    """How much of a window of CamVid is road; scenes are shared out as in `streets`."""
    windows = partial(scene_windows, of_place=False)
    return _of_scenes(shared, home, "roads", "how much road, CamVid", windows, train=10, test=25)


def places(shared: Path, home: Path) -> Target:
    """From which sixth of a scene of CamVid a window comes; scenes are shared out as in `streets`."""
    windows = partial(scene_windows, of_place=True)
    return _of_scenes(
        shared, home, "places", "where in the scene, CamVid", windows, train=10, test=25
    )


def pets(shared: Path, home: Path) -> Target:
    """Cats and dogs of CIFAR-10, 100 images each."""
    rows = _cifar10(shared, ("cat", "dog"), train=100, test=100)
    return Target("cats and dogs of CIFAR-10", write_table(home / "pets.csv", OF_IMAGES, rows))


def coloured(shared: Path, home: Path) -> Target:
    """In which order the colours of an image of CIFAR-10 stand; each image stands in one way."""
    return _in_one_way(shared, home, "coloured", "order of colours, CIFAR-10", COLOURED)


def pieced(shared: Path, home: Path) -> Target:
    """Which halves of an image of CIFAR-10 are exchanged, if any; each image stands in one way."""
    return _in_one_way(shared, home, "pieced", "exchanged halves, CIFAR-10", PIECED)


def zoomed(shared: Path, home: Path) -> Target:
    """How far an image of CIFAR-10 is enlarged; each image stands in one way."""
    return _in_one_way(shared, home, "zoomed", "how far CIFAR-10 is enlarged", ZOOMED)


def insects_turned(shared: Path, home: Path) -> Target:
    """Which of four ways up a photo of ants or bees is; each photo stands in one way."""
    table = read_table(hymenoptera(shared, home).data)
    photos = [(row["path"], row["label"], row["split"]) for row in table]
    title = "way up of ants and bees"
    return _each_in_one_way(home, "insects_turned", title, TURNED, photos, side=64)


def platelets(shared: Path, home: Path) -> Target:
    """Whether the middle of a platelet lies in a window of BCCD."""
    return _of_slides(shared, home, "platelets", "platelets of BCCD", platelet_windows, train=4)


def scenery(shared: Path, home: Path) -> Target:
    """Windows of CamVid of the classes that the streets to pretrain on have, of other drives."""
    windows = partial(street_windows, labels=SOURCE_STREET)
    return _of_scenes(shared, home, "scenery", "scenery of CamVid", windows, train=2, test=4)


def odd_digits(shared: Path, home: Path) -> Target:
    """Whether a handwritten digit is odd; the images are those of `digits`."""
    rows = [
        (row["path"], "odd" if int(row["label"]) % 2 else "even", row["split"])
        for row in read_table(digits(shared, home).data)
    ]
    data = write_table(home / "odd_digits.csv", OF_IMAGES, rows)
    return Target("odd digits", data, {"epochs": 12})


TARGETS: Mapping[str, Callable[[Path, Path], Target]] = {
    "animals": animals,
    "vehicles": vehicles,
    "turned": turned,
    "insects": insects,
    "streets": streets,
    "cells": cells,
    "crowds": crowds,
    "digits": digits,
    "everything": everything,
    "spoilt": spoilt,
    "quarters": quarters,
    "roads": roads,
    "places": places,
    "pets": pets,
    "coloured": coloured,
    "pieced": pieced,
    "zoomed": zoomed,
    "insects_turned": insects_turned,
    "platelets": platelets,
    "scenery": scenery,
    "odd_digits": odd_digits,
}


def _in_one_way(
    shared: Path, home: Path, name: str, title: str, ways: Mapping[str, Change]
) -> Target:
    """Ask in which of some ways an image of CIFAR-10 was changed; the way is drawn for each."""
    photos = _cifar10(shared, (*ANIMALS, *VEHICLES), train=40, test=50)
    return _each_in_one_way(home, name, title, ways, photos)


def _each_in_one_way(
    home: Path,
    name: str,
    title: str,
    ways: Mapping[str, Change],
    photos: Iterable[Row],
    side: int | None = None,
) -> Target:
    """Ask in which of some ways a photo was changed; with a side, its middle square is scaled to it."""
    windows: dict[str, list[Window]] = {"train": [], "test": []}
    rng, labels = np.random.default_rng(0), list(ways)
    for path, label, split in photos:
        way = labels[rng.integers(len(labels))]
        image = Image.open(path).convert("RGB")
        image = ways[way](image if side is None else ImageOps.fit(image, (side, side)), rng)
        windows[split].append((f"{label}-{Path(path).stem}", way, image))
    rows = _saved(home / name, windows)
    return Target(title, write_table(home / f"{name}.csv", OF_IMAGES, rows))


def _of_scenes(
    shared: Path,
    home: Path,
    name: str,
    title: str,
    windows_of: Callable[..., Iterable[Window]],
    train: int,
    test: int,
) -> Target:
    """Cut so many windows from each scene; of each drive the last third is for testing."""
    windows: dict[str, list[Window]] = {"train": [], "test": []}
    for drive in TARGET_DRIVES:
        masks = scenes(shared / "camvid", [drive])
        cut = 2 * len(masks) // 3
        windows["train"] += windows_of(masks[:cut], each=train)
        windows["test"] += windows_of(masks[cut:], each=test)
    rows = _saved(home / name, windows)
    return Target(title, write_table(home / f"{name}.csv", OF_IMAGES, rows))


def _of_slides(
    shared: Path,
    home: Path,
    name: str,
    title: str,
    windows_of: Callable[..., Iterable[Window]],
    train: int,
) -> Target:
    """Cut so many windows from each photo of BCCD to train on, and six from each to test on."""
    windows = {
        "train": windows_of(shared / "bccd", "val", train),
        "test": windows_of(shared / "bccd", "test", 6),
    }
    rows = _saved(home / name, windows)
    return Target(title, write_table(home / f"{name}.csv", OF_IMAGES, rows))


def _noisy(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image) + rng.normal(0, 15, (image.height, image.width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    packed = BytesIO()
    image.save(packed, "JPEG", quality=20)
    return Image.open(packed).convert("RGB")


def _rolled(right: bool, down: bool) -> Change:
    """Return what exchanges the left and right halves of an image, the upper and lower ones, or both."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        shift = (down * (image.height // 2), right * (image.width // 2))
        return Image.fromarray(np.roll(np.asarray(image), shift, axis=(0, 1)))

    return change


def _enlarged(times: float) -> Change:
    """Return what enlarges a part of an image that is drawn to the size of the whole."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        side = round(image.width / times)
        left, top = (int(corner) for corner in rng.integers(0, image.width - side + 1, 2))
        part = image.crop((left, top, left + side, top + side))
        return part.resize(image.size, Image.Resampling.BICUBIC)

    return change


TURNED: Mapping[str, Change] = {
    f"{90 * quarters} degrees": lambda image, rng, quarters=quarters: image.rotate(90 * quarters)
    for quarters in range(4)
}
SPOILT: Mapping[str, Change] = {
    "not at all": lambda image, rng: image,
    "noise": _noisy,
    "blur": lambda image, rng: image.filter(ImageFilter.GaussianBlur(1)),
    "JPEG": _compressed,
    "few colours": lambda image, rng: ImageOps.posterize(image, 3),
}


COLOURED: Mapping[str, Change] = {
    order: lambda image, rng, order=order: Image.merge("RGB", [image.getchannel(c) for c in order])
    for order in ("RGB", "GBR", "BRG", "BGR")
}
PIECED: Mapping[str, Change] = {
    "none": _rolled(right=False, down=False),
    "left and right": _rolled(right=True, down=False),
    "upper and lower": _rolled(right=False, down=True),
    "both": _rolled(right=True, down=True),
}
ZOOMED: Mapping[str, Change] = {
    f"{times:g} times": _enlarged(times) for times in (1.0, 1.3, 1.7, 2.2)
}


def _cifar10(shared: Path, labels: Sequence[str], train: int, test: int) -> Iterator[Row]:
    """Yield test images of CIFAR-10: so many of each class to train on, and others to test on."""
    for label in labels:
        files = sorted((shared / "cifar10" / "test" / label).resolve().iterdir())
        yield from ((str(file), label, "train") for file in files[:train])
        yield from ((str(file), label, "test") for file in files[train : train + test])


def _saved(home: Path, windows: Mapping[str, Iterable[Window]]) -> Iterator[Row]:
    """Write pictures, and yield their rows."""
    for split, found in windows.items():
        (home / split).mkdir(parents=True, exist_ok=True)
        for name, label, picture in found:
            path = home / split / f"{name}.png"
            picture.save(path)
            yield str(path), label, split
