"""One file of annotations in COCO's JSON: images, categories and boxes, checked entry by entry.

Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014; https://cocodataset.org.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.boxes.boxed_images import told_few
from finetrust.data.boxes.boxes import Boxes

_HEAD = 1 << 16
_KEYS = re.compile(rb'"(?:images|annotations|categories)"\s*:\s*\[')
_FORM = "Give JSON with the lists images, annotations and categories, as COCO defines them."


@dataclass(frozen=True)
class CocoFile:
    """What one file says.

    Parameters
    ----------
    images : mapping of str to Boxes
        The annotation of each image by its ``file_name``; labels are positions in `names`.
    places : mapping of str to int
        Position of each image in the list of images, from 1.
    names : tuple of str
        The categories, in the order of their ids.
    notes : tuple of str
    """

    images: Mapping[str, Boxes]
    places: Mapping[str, int]
    names: tuple[str, ...]
    notes: tuple[str, ...]


def looks_like_coco(path: Path) -> bool:
    """Return whether the head of a file has one of COCO's lists."""
    try:
        with path.open("rb") as file:
            return bool(_KEYS.search(file.read(_HEAD)))
    except OSError:
        return False


def read_coco(path: Path) -> CocoFile:
    """Return what a file of annotations says.

    Raises
    ------
    UserError
        If it is no JSON, lacks one of the lists, or its ids leave open what belongs together.
    """
    raw = _read(path)
    names, position_of = _categories(path, raw)
    entries, notes = _images(path, raw)
    rows = {image_id: _Rows() for image_id in entries}
    lost = _annotations(path, raw, rows, position_of)
    images: dict[str, Boxes] = {}
    places: dict[str, int] = {}
    for image_id, (place, entry) in entries.items():
        name = entry["file_name"]
        if name in places:
            raise UserError(
                f"{path}: images {places[name]} and {place} of the list both name {name}",
                "Join their annotations under one image id.",
            )
        places[name] = place
        images[name] = rows[image_id].boxes(_size(entry))
    if lost:
        notes.append(
            f"{path.name}: left out "
            + told_few(lost, "annotation of an image that is not listed",
                       "annotations of images that are not listed")
        )  # fmt: skip
    return CocoFile(images, places, names, tuple(notes))


@dataclass
class _Rows:
    """The annotations of one image while they are gathered."""

    boxes_: list[list[float]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    area: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def boxes(self, size: tuple[int, int] | None) -> Boxes:
        corners = np.array(self.boxes_, np.float64).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        return Boxes.of(
            corners,
            self.labels,
            self.crowd,
            self.area,
            size,
            numbers=self.numbers,
            noun="annotation",
            problems=self.problems,
        )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        raw = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}: not JSON ({error.msg}, column {error.colno})",
            "Mend the file, or fetch it again if it was cut off.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})", _FORM) from error
    if not isinstance(raw, dict):
        raise UserError(f"{path}: expected an object, found {type(raw).__name__}", _FORM)
    for key in ("images", "annotations", "categories"):
        if not isinstance(raw.get(key), list):
            found = type(raw[key]).__name__ if key in raw else "nothing"
            raise UserError(f"{path}: expected a list '{key}', found {found}", _FORM)
        for place, entry in enumerate(raw[key], start=1):
            if not isinstance(entry, dict):
                kind = type(entry).__name__
                raise UserError(f"{path}: entry {place} of '{key}' is no object, but {kind}", _FORM)
    return raw


def _categories(path: Path, raw: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[Any, int]]:
    """Return the names of the categories, and the position of each id."""
    by_id: dict[Any, str] = {}
    for place, entry in enumerate(raw["categories"], start=1):
        if not _is_id(entry.get("id")) or not isinstance(entry.get("name"), str):
            raise UserError(f"{path}: category {place} has no id or no name", _FORM)
        if entry["id"] in by_id:
            raise UserError(
                f"{path}: the category id {entry['id']} stands for '{by_id[entry['id']]}' and for "
                f"'{entry['name']}'",
                "Give every category an id of its own.",
            )
        if entry["name"] in by_id.values():
            raise UserError(
                f"{path}: two categories are called '{entry['name']}'",
                "Join them, or give them names of their own.",
            )
        by_id[entry["id"]] = entry["name"]
    ids = sorted(by_id, key=lambda category: (isinstance(category, str), category))
    return tuple(by_id[i] for i in ids), {i: position for position, i in enumerate(ids)}


def _images(path: Path, raw: Mapping[str, Any]) -> tuple[dict[Any, tuple[int, dict]], list[str]]:
    """Return place and entry of each image by its id, and what was left out."""
    found: dict[Any, tuple[int, dict]] = {}
    nameless: list[str] = []
    for place, entry in enumerate(raw["images"], start=1):
        if not isinstance(entry.get("file_name"), str) or not entry["file_name"]:
            nameless.append(f"entry {place}")
            continue
        if not _is_id(entry.get("id")):
            raise UserError(f"{path}: image {place} ({entry['file_name']}) has no id", _FORM)
        if entry["id"] in found:
            first, other = found[entry["id"]]
            raise UserError(
                f"{path}: images {first} ({other['file_name']}) and {place} ({entry['file_name']}) "
                f"have the same id {entry['id']}, so that annotations may be of either",
                "Give every image an id of its own.",
            )
        found[entry["id"]] = place, entry
    if not nameless:
        return found, []
    told = told_few(nameless, "image without a file_name", "images without a file_name")
    return found, [f"{path.name}: left out {told}"]


def _annotations(
    path: Path, raw: Mapping[str, Any], rows: Mapping[Any, _Rows], position_of: Mapping[Any, int]
) -> list[str]:
    """Gather the annotations into `rows`; return those of no listed image."""
    seen: set[Any] = set()
    lost: list[str] = []
    boxed = False
    for place, entry in enumerate(raw["annotations"], start=1):
        number = entry.get("id")
        name = f"annotation {number}" if _is_id(number) else f"annotation at place {place}"
        image_id = entry.get("image_id")
        if not _is_id(image_id) or image_id not in rows:
            lost.append(f"{name} (image_id {image_id!r})")
            continue
        of = rows[image_id]
        if _is_id(number):
            if number in seen:
                of.problems.append(
                    f"{name} has an id that an earlier one has, and is used as it is"
                )
            seen.add(number)
        box, category = entry.get("bbox"), entry.get("category_id")
        boxed |= "bbox" in entry
        if not _is_id(category) or category not in position_of:
            of.problems.append(f"{name} has the unknown category_id {category!r} and was dropped")
        elif not _are_numbers(box):
            of.problems.append(
                f"{name} has no bbox of four numbers ({_short(box)}) and was dropped"
            )
        else:
            area = entry.get("area")
            known = isinstance(area, (int, float)) and 0 < area < float("inf")
            of.boxes_.append(box)
            of.labels.append(position_of[category])
            of.crowd.append(entry.get("iscrowd") in (1, True))
            of.area.append(float(area) if known else max(box[2], 0.0) * max(box[3], 0.0))
            of.numbers.append(number if isinstance(number, int) else place)
    if raw["annotations"] and not boxed:
        raise UserError(f"{path}: no annotation has a bbox", "Give the annotations of instances.")
    return lost


def _size(entry: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = entry.get("width"), entry.get("height")
    known = isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0
    return (width, height) if known else None  # type: ignore[return-value]


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _are_numbers(box: Any) -> bool:
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in box)
    )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
