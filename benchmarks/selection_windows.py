"""Square windows of larger photos: what stands in the middle of a street, cells and what lies between."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from trust_pairs import BOX, LEAST_PIXELS, LEAST_SIDE, STREET, WINDOW

SCALE = 1.2
"""Side of a window around a cell, as a multiple of the longer side of its box."""
SIDES = (30, 110)
"""Of windows between the cells, in pixels."""
CROWD_SIDE = 300
"""Of windows in which red cells are counted, in pixels."""
QUARTER_SIDE = 200
"""Of windows with a white cell in one of their quarters, in pixels."""
PLATELET_SIDE = 160
"""Of windows with a platelet or without, in pixels."""
SCENE_SIDE = 96
"""Of windows of streets in which road is measured, or whose place is asked for, in pixels."""
ROADS = {0.1: "hardly any road", 0.6: "some road", 1.0: "mostly road"}
"""At most such a share -> the name of the class."""
CROWDS = {2: "up to two", 4: "three or four", 99: "five or more"}
"""At most so many -> the name of the class."""
Window = tuple[str, str, Image.Image]
"""A name, a label and the picture."""


def scenes(camvid: Path, drives: Sequence[str]) -> list[Path]:
    """Return the masks of all scenes of some drives in their order, whatever part they are of."""
    masks = [
        mask for part in ("train", "val", "test") for mask in (camvid / part / "masks").iterdir()
    ]
    return sorted((m for m in masks if m.name.startswith(tuple(drives))), key=lambda m: m.name)


def street_windows(masks: Iterable[Path], labels: Sequence[str], each: int) -> Iterator[Window]:
    """Yield windows around pixels of a class that are drawn at random, `each` a scene and class."""
    half = WINDOW // 2
    for number, file in enumerate(masks):
        rng = np.random.default_rng(number)
        scene = Image.open(file.parents[1] / "images" / file.name).convert("RGB")
        inner = np.asarray(Image.open(file))[half:-half, half:-half]
        for label in labels:
            places = np.argwhere(inner == STREET.index(label))
            if len(places) < LEAST_PIXELS:
                continue
            for k, (top, left) in enumerate(places[rng.choice(len(places), each, replace=False)]):
                window = scene.crop((left, top, left + WINDOW, top + WINDOW))
                yield f"{file.stem}-{label}-{k}", label, window


def scene_windows(masks: Iterable[Path], each: int, of_place: bool) -> Iterator[Window]:
    """Yield `each` windows a scene, classed by where in it they lie or by how much road is in them."""
    for number, file in enumerate(masks):
        rng = np.random.default_rng(number)
        scene = Image.open(file.parents[1] / "images" / file.name).convert("RGB")
        road = np.asarray(Image.open(file)) == STREET.index("road")
        room = np.array(scene.size) - SCENE_SIDE
        for k in range(each):
            left, top = (int(value) for value in rng.integers(0, room + 1))
            inside = slice(top, top + SCENE_SIDE), slice(left, left + SCENE_SIDE)
            share = road[inside].mean()
            of_road = next(title for most, title in ROADS.items() if share <= most)
            column = ("left", "middle", "right")[3 * left // (int(room[0]) + 1)]
            place = f"{'upper' if 2 * top < room[1] else 'lower'} {column}"
            window = scene.crop((left, top, left + SCENE_SIDE, top + SCENE_SIDE))
            yield f"{file.stem}-{k}", place if of_place else of_road, window


def cell_windows(bccd: Path, part: str, each: int) -> Iterator[Window]:
    """Yield windows around `each` boxes a photo and class, and as many that touch no box."""
    for number, (name, photo, boxes) in enumerate(_photos(bccd, part)):
        rng = np.random.default_rng(number)
        for label, own in sorted(boxes.items()):
            for k, row in enumerate(rng.permutation(len(own))[:each]):
                sides = own[row][2:] - own[row][:2]
                if sides.min() >= LEAST_SIDE:
                    window = _square((own[row][:2] + own[row][2:]) / 2, SCALE * sides.max())
                    yield f"{name}-{label}-{k}", label, photo.crop(window)
        every = np.array([box for own in boxes.values() for box in own]).reshape(-1, 4)
        for k, window in enumerate(_between(every, photo.size, each, rng)):
            yield f"{name}-background-{k}", "background", photo.crop(window)


def crowd_windows(bccd: Path, part: str, each: int) -> Iterator[Window]:
    """Yield `each` windows a photo, classed by how many red cells have their middle in them."""
    for number, (name, photo, boxes) in enumerate(_photos(bccd, part)):
        rng = np.random.default_rng(number)
        centres = np.array([(b[:2] + b[2:]) / 2 for b in boxes.get("RBC", [])]).reshape(-1, 2)
        for k in range(each):
            corner = rng.integers(0, np.array(photo.size) - CROWD_SIDE)
            inside = _inside(centres, corner, CROWD_SIDE).sum()
            label = next(title for most, title in CROWDS.items() if inside <= most)
            yield f"{name}-{k}", label, _cut(photo, corner, CROWD_SIDE)


def quarter_windows(bccd: Path, part: str, each: int) -> Iterator[Window]:
    """Yield `each` windows a photo with a single white cell, classed by the quarter that its middle is in."""
    for number, (name, photo, boxes) in enumerate(_photos(bccd, part)):
        rng = np.random.default_rng(number)
        own = boxes.get("WBC", [])
        if len(own) != 1:
            continue
        centre = (own[0][:2] + own[0][2:]) // 2
        for k in range(each):
            least = np.maximum(centre - QUARTER_SIDE + 1, 0)
            most = np.minimum(centre, np.array(photo.size) - QUARTER_SIDE)
            corner = rng.integers(least, most + 1)
            right, low = (centre - corner >= QUARTER_SIDE / 2).tolist()
            label = f"{'lower' if low else 'upper'} {'right' if right else 'left'}"
            yield f"{name}-{k}", label, _cut(photo, corner, QUARTER_SIDE)


def platelet_windows(bccd: Path, part: str, each: int) -> Iterator[Window]:
    """Yield windows around and between platelets, up to `each` of both a photo that has any."""
    for number, (name, photo, boxes) in enumerate(_photos(bccd, part)):
        rng = np.random.default_rng(number)
        centres = np.array([(b[:2] + b[2:]) / 2 for b in boxes.get("Platelets", [])])
        if not len(centres):
            continue
        found = {"a platelet": 0, "none": 0}
        for k in range(50 * each):
            corner = rng.integers(0, np.array(photo.size) - PLATELET_SIDE)
            label = "a platelet" if _inside(centres, corner, PLATELET_SIDE).any() else "none"
            if found[label] < each:
                found[label] += 1
                yield f"{name}-{k}", label, _cut(photo, corner, PLATELET_SIDE)


def _inside(points: np.ndarray, corner: np.ndarray, side: int) -> np.ndarray:
    """Return which points (n, 2) lie in the square with this upper left corner: bool array (n,)."""
    return ((points >= corner) & (points < corner + side)).all(axis=1)


def _cut(photo: Image.Image, corner: np.ndarray, side: int) -> Image.Image:
    return photo.crop((*corner.tolist(), *(corner + side).tolist()))


def _photos(
    bccd: Path, part: str
) -> Iterator[tuple[str, Image.Image, dict[str, list[np.ndarray]]]]:
    """Yield names, photos and boxes by class."""
    for name in (bccd / "ImageSets" / "Main" / f"{part}.txt").read_text("utf-8").split():
        boxes: dict[str, list[np.ndarray]] = {}
        for thing in (
            ElementTree.parse(bccd / "Annotations" / f"{name}.xml").getroot().iter("object")
        ):
            box = [int(thing.findtext(f"bndbox/{side}") or 0) for side in BOX]
            boxes.setdefault(str(thing.findtext("name")), []).append(np.array(box))
        yield name, Image.open(bccd / "JPEGImages" / f"{name}.jpg").convert("RGB"), boxes


def _between(
    boxes: np.ndarray, size: tuple[int, int], most: int, rng: np.random.Generator
) -> Iterator[tuple[int, int, int, int]]:
    """Yield at most so many windows within an image of `size` that touch no box."""
    found = 0
    for _ in range(200):
        side = rng.uniform(*SIDES)
        centre = rng.uniform(side / 2, np.array(size) - side / 2)
        window = _square(centre, side)
        apart = (boxes[:, :2] >= window[2:]) | (boxes[:, 2:] <= window[:2])
        if found < most and apart.any(axis=1).all():
            found += 1
            yield window


def _square(centre: np.ndarray, side: float) -> tuple[int, int, int, int]:
    left, top = (round(value - side / 2) for value in centre)
    return left, top, left + int(side), top + int(side)
