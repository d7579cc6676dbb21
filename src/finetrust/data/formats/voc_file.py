"""One annotation of an image in the XML of Pascal VOC.

Everingham et al., "The Pascal Visual Object Classes Challenge", IJCV 2010, section 3; the format also
is what labelImg writes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from finetrust.data.boxes.boxes import Boxes
from finetrust.data.formats.plain_xml import read_xml

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class VocFile:
    """What one file says.

    Parameters
    ----------
    names : tuple of str (m,)
        The class of each object.
    corners : tuple of (x1, y1, x2, y2)
        With pixels counted from 0: VOC counts them from 1 and includes the last one, so that the
        pixels xmin to xmax cover [xmin - 1, xmax).
    difficult : tuple of bool (m,)
    numbers : tuple of int (m,)
        Place of each object in the file, from 1.
    size : (width, height) or None
    problems : tuple of str
        What was dropped.
    unusable : str
        Why nothing could be read; empty if it could.
    """

    names: tuple[str, ...] = ()
    corners: tuple[tuple[float, ...], ...] = ()
    difficult: tuple[bool, ...] = ()
    numbers: tuple[int, ...] = ()
    size: tuple[int, int] | None = None
    problems: tuple[str, ...] = field(default=())
    unusable: str = ""

    def boxes(self, index: Mapping[str, int]) -> Boxes:
        """Return the objects with their classes as positions in the data set's."""
        return Boxes.of(
            self.corners,
            [index[name] for name in self.names],
            self.difficult,
            size=self.size,
            numbers=self.numbers,
            noun="object",
            problems=self.problems,
            unusable=self.unusable,
        )


def read_voc(path: Path) -> VocFile:
    """Return what an annotation says; if it cannot be read, that is what it says."""
    try:
        root = read_xml(path)
    except OSError as error:
        return VocFile(unusable=f"{path.name}, {' '.join(str(error).split())}")
    if root.tag != "annotation":
        return VocFile(unusable=f"{path.name}: expected <annotation>, found <{root.tag}>")
    names: list[str] = []
    corners: list[tuple[float, ...]] = []
    difficult: list[bool] = []
    numbers: list[int] = []
    problems: list[str] = []
    for number, element in enumerate(root.iterfind("object"), start=1):
        name = (element.findtext("name") or "").strip()
        box = _corners(element)
        if not name:
            problems.append(f"object {number} has no name and was dropped")
        elif box is None:
            problems.append(f"object {number} ('{name}') has no bndbox of numbers and was dropped")
        elif box[0] + 1 >= box[2] or box[1] + 1 >= box[3]:
            told = f"x {box[0] + 1:g} to {box[2]:g}, y {box[1] + 1:g} to {box[3]:g}"
            problems.append(f"object {number} ('{name}') is empty or inverted ({told}), dropped")
        else:
            names.append(name)
            corners.append(box)
            difficult.append((element.findtext("difficult") or "").strip() == "1")
            numbers.append(number)
    return VocFile(
        tuple(names),
        tuple(corners),
        tuple(difficult),
        tuple(numbers),
        _size(root),
        tuple(problems),
    )


def _corners(element: Element) -> tuple[float, ...] | None:
    box = element.find("bndbox")
    if box is None:
        return None
    try:
        xmin, ymin, xmax, ymax = (float(box.findtext(name) or "") for name in _CORNERS)
    except ValueError:
        return None
    return xmin - 1, ymin - 1, xmax, ymax


def _size(root: Element) -> tuple[int, int] | None:
    try:
        width, height = (float(root.findtext(f"size/{n}") or "") for n in ("width", "height"))
    except ValueError:
        return None
    known = all(math.isfinite(side) and side > 0 for side in (width, height))
    return (int(width), int(height)) if known else None
