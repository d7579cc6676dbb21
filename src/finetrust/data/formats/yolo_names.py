"""The names of YOLO's classes, and the folders of its splits, as the files beside the images say.

``data.yaml`` of Ultralytics and Roboflow; ``classes.txt`` of labelImg; ``obj.names`` of Darknet. What
a ``data.yaml`` says under ``download`` is never read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from finetrust.core.errors import UserError

FILES = ("classes.txt", "obj.names", "_darknet.labels", "labels.txt", "predefined_classes.txt")
SUFFIXES = (".yaml", ".yml")
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_FORM = "Write train: and val: with folders of images, and names: with a list of classes."


def read_data_yaml(path: Path) -> Mapping[str, Any] | None:
    """Return what a YAML file says if it describes data of YOLO, otherwise None.

    Raises
    ------
    UserError
        If it cannot be read as YAML.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        where = " ".join(str(error).split())
        raise UserError(f"{path}: cannot be read as YAML ({where})", _FORM) from error
    if not isinstance(raw, dict) or not ("names" in raw or "nc" in raw):
        return None
    return raw if any(key in raw for key in SPLITS) else None


def find_data_yaml(folder: Path) -> Path | None:
    """Return the YAML file in `folder` that describes data of YOLO, or None."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.stem != "data", path.name)):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            try:
                if read_data_yaml(path) is not None:
                    return path
            except UserError:
                continue
    return None


def names_in_yaml(path: Path, raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the classes that a ``data.yaml`` names, by their numbers where it only counts them."""
    names, count = raw.get("names"), raw.get("nc")
    if names is None:
        if isinstance(count, int) and count > 0:
            return tuple(map(str, range(count)))
        raise UserError(f"{path}: nc is {count!r}, not a number of classes", _FORM)
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise UserError(
                f"{path}: the names are numbered {', '.join(map(str, names))}, not 0 to "
                f"{len(names) - 1}",
                "Number the classes from 0 without gaps.",
            )
        names = [names[i] for i in range(len(names))]
    if not isinstance(names, list) or not names:
        raise UserError(f"{path}: expected a list of names, found {names!r}", _FORM)
    if isinstance(count, int) and count != len(names):
        raise UserError(
            f"{path}: nc is {count}, but there are {len(names)} names", "Mend nc or names."
        )
    return _unique(path, [str(name).strip() for name in names])


def find_names(folders: Sequence[Path]) -> tuple[Path, tuple[str, ...]] | None:
    """Return the first list of names in one of the folders with its names, or None."""
    for folder in folders:
        inside = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
        file = next((inside[name] for name in FILES if name in inside), None)
        if file is None:
            continue
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"{file}: cannot be read ({error})", "Write one class a line."
            ) from error
        names = [line.strip() for line in text.splitlines()]
        while names and not names[-1]:
            names.pop()
        return file, _unique(file, names)
    return None


def split_places(path: Path, raw: Mapping[str, Any]) -> tuple[dict[Path, str], list[str]]:
    """Return the folders and lists of images that a ``data.yaml`` names, and what does not exist.

    A path is looked for below ``path``, then beside the file, then there without leading ``..``, as
    it is written by those who have the folder elsewhere.

    Raises
    ------
    UserError
        If none of them exists.
    """
    found: dict[Path, str] = {}
    missing: list[str] = []
    here = path.parent
    top = raw.get("path")
    bases = [here / top, here] if isinstance(top, str) else [here]
    for key, split in SPLITS.items():
        given = raw.get(key)
        for entry in given if isinstance(given, list) else [given]:
            if not isinstance(entry, str) or not entry.strip():
                continue
            parts = Path(entry.strip()).parts
            inner = Path(*[part for part in parts if part not in ("..", "/")])
            tried = [base / relative for relative in (entry.strip(), inner) for base in bases]
            place = next((place for place in tried if place.exists()), None)
            if place is None:
                missing.append(f"{path.name} names {entry} for {key}, which does not exist")
                continue
            if found.setdefault(place, split) != split:
                missing.append(f"{path.name} names {entry} for {found[place]} and again for {key}")
    if not found:
        told = "; ".join(missing) or "no folder of images is named"
        raise UserError(f"{path}: {told}", _FORM)
    return found, missing


def _unique(file: Path, names: list[str]) -> tuple[str, ...]:
    for number, name in enumerate(names):
        if not name:
            raise UserError(f"{file}: class {number} has no name", "Write one class a line.")
        if names.index(name) != number:
            raise UserError(
                f"{file}: classes {names.index(name)} and {number} are both called '{name}'",
                "Give every class a name of its own.",
            )
    return tuple(names)
