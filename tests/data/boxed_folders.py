"""Folders of small pictures with boxes, in every format of detection data."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finetrust.data.dataset import Dataset

from .pictures import jpeg, picture, write

SIZE = (48, 40)
Object = tuple[str, tuple[float, float, float, float]]
"""Class and corners."""

OBJECTS: list[list[Object]] = [
    [("cat", (2, 3, 20, 30)), ("dog", (10, 10, 40, 35))],
    [("dog", (0, 0, 48, 40))],
    [],
]


def save_pictures(folder: Path, n: int, seed: int = 0) -> list[str]:
    """Write so many pictures of 48 x 40 pixels and return their names."""
    names = [f"{seed + i:03d}.jpg" for i in range(n)]
    for i, name in enumerate(names):
        write(folder / name, jpeg(picture(seed + i, SIZE)))
    return names


def coco_of(names: Sequence[str], objects: Sequence[Sequence[Object]] = OBJECTS) -> dict[str, Any]:
    """Return COCO's JSON for pictures; categories 7 (cat) and 3 (dog)."""
    ids = {"cat": 7, "dog": 3}
    annotations = [
        {
            "id": 100 + 10 * i + j,
            "image_id": 50 + i,
            "category_id": ids[label],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1) / 2,
            "iscrowd": 0,
        }
        for i, found in enumerate(objects)
        for j, (label, (x1, y1, x2, y2)) in enumerate(found)
    ]
    return {
        "images": [
            {"id": 50 + i, "file_name": name, "width": SIZE[0], "height": SIZE[1]}
            for i, name in enumerate(names)
        ],
        "annotations": annotations,
        "categories": [{"id": 7, "name": "cat"}, {"id": 3, "name": "dog"}],
    }


def save_json(path: Path, raw: Any) -> Path:
    return write(path, json.dumps(raw).encode())


def coco_folder(root: Path, splits: Mapping[str, int] | None = None) -> Path:
    """Write ``annotations/instances_train2017.json`` beside ``train2017/``, and so on."""
    seed = 0
    for split, n in (splits or {"train2017": 3, "val2017": 3}).items():
        names = save_pictures(root / split, n, seed)
        save_json(root / "annotations" / f"instances_{split}.json", coco_of(names))
        seed += n
    return root


def voc_xml(objects: Sequence[Object], size: tuple[int, int] = SIZE, difficult: int = -1) -> bytes:
    """Return an annotation; its pixels are counted from 1."""
    parts = [
        f"<object><name>{label}</name><difficult>{int(i == difficult)}</difficult><bndbox>"
        f"<xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
        "</bndbox></object>"
        for i, (label, (x1, y1, x2, y2)) in enumerate(objects)
    ]
    sides = f"<width>{size[0]}</width><height>{size[1]}</height><depth>3</depth>"
    body = "\n".join(parts)
    return f"<annotation>\n<size>{sides}</size>\n{body}\n</annotation>\n".encode()


def voc_folder(root: Path, objects: Sequence[Sequence[Object]] = OBJECTS) -> Path:
    """Write ``JPEGImages`` and ``Annotations``."""
    for name, found in zip(save_pictures(root / "JPEGImages", len(objects)), objects, strict=True):
        write(root / "Annotations" / f"{Path(name).stem}.xml", voc_xml(found))
    return root


def yolo_line(label: int, box: Sequence[float]) -> str:
    x1, y1, x2, y2 = box[0] / SIZE[0], box[1] / SIZE[1], box[2] / SIZE[0], box[3] / SIZE[1]
    return f"{label} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}\n"


def yolo_folder(
    root: Path,
    splits: Sequence[str] = ("",),
    images: str = "images/{}",
    labels: str = "labels/{}",
    names: str | None = "classes.txt",
) -> Path:
    """Write ``images/`` and ``labels/``, with folders of the splits where `splits` names them."""
    index = {"cat": 0, "dog": 1}
    for i, split in enumerate(splits):
        found = save_pictures(root / images.format(split), len(OBJECTS), 10 * i)
        for name, objects in zip(found, OBJECTS, strict=True):
            lines = "".join(yolo_line(index[label], box) for label, box in objects)
            write(root / labels.format(split) / f"{Path(name).stem}.txt", lines.encode())
    if names:
        write(root / names, b"cat\ndog\n")
    return root


def boxes_of(dataset: Dataset) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    """Return the classes and corners of each id."""
    return {
        id_: [
            (dataset.classes[label], tuple(round(float(x), 2) for x in box))
            for label, box in zip(found.labels, found.boxes, strict=True)
        ]
        for id_, found in zip(dataset.ids, dataset.targets, strict=True)
    }
