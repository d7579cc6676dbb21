"""The names, values and colours of the classes of masks, as the file beside them lists them.

Known are lists of names, CamVid's ``label_colors.txt``, ``class_dict.csv`` with its header, CVAT's
``labelmap.txt``, and JSON.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetrust.core.errors import UserError

FILES = (
    "classes.txt",
    "classes.json",
    "classes.csv",
    "class_dict.csv",
    "class_names.txt",
    "label_colors.txt",
    "labelmap.txt",
    "colormap.txt",
    "colormap.csv",
    "colormap.json",
    "codes.txt",
)
Colour = tuple[int, int, int]
_FORM = 'Write one class a line, "name" or "name r g b".'


@dataclass(frozen=True)
class ListedClass:
    """One class of a class file.

    Parameters
    ----------
    name : str
    value : int
        Its value in masks of class indices.
    colour : tuple of int (3,), optional
        Its colour in masks of colours.
    """

    name: str
    value: int
    colour: Colour | None


def find_classes(folder: Path) -> tuple[Path, tuple[ListedClass, ...]] | None:
    """Return the class file in `folder` and what it lists, or None if there is no such file.

    Raises
    ------
    UserError
        If it cannot be read, lists no class, or one twice.
    """
    names = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    file = next((names[name] for name in FILES if name in names), None)
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8-sig")
        listed = _from_json(json.loads(text)) if file.suffix == ".json" else _from_text(text)
    except (OSError, ValueError, TypeError) as error:
        where = " ".join(str(error).split())
        raise UserError(f"{file}: cannot be read as a list of classes ({where})", _FORM) from error
    _check(file, listed)
    return file, listed


def _from_text(text: str) -> tuple[ListedClass, ...]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [[part for part in re.split(r"[,;:\s]+", line.strip()) if part] for line in lines]
    if rows and {word.lower() for word in rows[0]} >= {"r", "g", "b"}:
        rows = rows[1:]
    numbered = len(rows) > 1 and all(row[0].isdigit() and _name(row[1:]) for row in rows)
    numbered = numbered and all(len(_numbers(row)) in (1, 4) for row in rows)
    return tuple(_listed(row, position, numbered) for position, row in enumerate(rows))


def _listed(row: list[str], position: int, numbered: bool) -> ListedClass:
    value = int(row[0]) if numbered else position
    rest = row[1:] if numbered else row
    for start in (len(rest) - 3, 0):
        colour = rest[start : start + 3]
        if len(rest) > 3 and start >= 0 and len(_numbers(colour)) == 3:
            name = " ".join(rest[:start] + rest[start + 3 :])
            return ListedClass(name, value, _colour(_numbers(colour)))
    return ListedClass(" ".join(rest), value, None)


def _numbers(row: list[str]) -> list[int]:
    return [int(part) for part in row if part.isdigit()]


def _name(row: list[str]) -> str:
    return " ".join(part for part in row if not part.isdigit())


def _from_json(raw: Any) -> tuple[ListedClass, ...]:
    if isinstance(raw, Mapping) and len(raw) == 1 and isinstance(next(iter(raw.values())), list):
        raw = next(iter(raw.values()))
    if isinstance(raw, list):
        return tuple(_json_entry(entry, position) for position, entry in enumerate(raw))
    if not isinstance(raw, Mapping):
        raise ValueError("neither a list nor an object")
    entries = list(raw.items())
    if entries and all(str(key).isdigit() and isinstance(value, str) for key, value in entries):
        return tuple(ListedClass(name, int(key), None) for key, name in entries)
    return tuple(
        ListedClass(str(name), value, None)
        if isinstance(value, int)
        else ListedClass(str(name), position, _colour(value))
        for position, (name, value) in enumerate(entries)
    )


def _json_entry(entry: Any, position: int) -> ListedClass:
    if isinstance(entry, str):
        return ListedClass(entry, position, None)
    if not isinstance(entry, Mapping) or "name" not in entry:
        raise ValueError(f"entry {position + 1} has no name")
    colour = next((entry[key] for key in ("color", "colour", "rgb") if key in entry), None)
    value = next((int(entry[key]) for key in ("id", "index", "value") if key in entry), position)
    return ListedClass(str(entry["name"]), value, None if colour is None else _colour(colour))


def _colour(values: Any) -> Colour:
    red, green, blue = (int(value) for value in values)
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f"({red}, {green}, {blue}) is no colour")
    return red, green, blue


def _check(file: Path, listed: tuple[ListedClass, ...]) -> None:
    if not listed:
        raise UserError(f"{file}: lists no class", _FORM)
    coloured = [entry for entry in listed if entry.colour is not None]
    if coloured and len(coloured) < len(listed):
        without = next(entry.name for entry in listed if entry.colour is None)
        raise UserError(f"{file}: class '{without}' has no colour, others have", _FORM)
    for what in ("name", "value", "colour"):
        seen: dict[Any, str] = {}
        for entry in listed:
            key = getattr(entry, what)
            if key is not None and key in seen:
                raise UserError(
                    f"{file}: {what} {key!r} is listed twice ('{seen[key]}', '{entry.name}')",
                    "Give every class a name, a value and a colour of its own.",
                )
            seen[key] = entry.name
    if any(entry.name == "" for entry in listed):
        raise UserError(f"{file}: a class has no name", _FORM)
