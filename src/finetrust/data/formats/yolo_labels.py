"""One file of labels in YOLO's text: a line for each box, in shares of width and height.

``class cx cy w h``, or ``class x1 y1 x2 y2 x3 y3 ...`` for an outline, as Ultralytics writes them.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetrust.data.boxes.boxes import Boxes


@dataclass(frozen=True)
class YoloFile:
    """What one file says.

    Parameters
    ----------
    labels : tuple of int (m,)
    corners : tuple of (x1, y1, x2, y2)
        Shares of width and height.
    areas : tuple of float (m,)
        Of the outlines, or of the boxes.
    lines : tuple of int (m,)
        Line of each box, from 1.
    problems : tuple of str
        What was dropped.
    unusable : str
        Why nothing could be read; empty if it could.
    """

    labels: tuple[int, ...] = ()
    corners: tuple[tuple[float, float, float, float], ...] = ()
    areas: tuple[float, ...] = ()
    lines: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    unusable: str = ""

    def boxes(self, n_classes: int) -> Boxes:
        """Return the boxes of the classes that there are; others are told."""
        labels = np.array(self.labels, np.int64)
        known = labels < n_classes
        unknown = [
            f"line {line} has the unknown class {label} and was dropped"
            for line, label in zip(self.lines, self.labels, strict=True)
            if label >= n_classes
        ]
        found = Boxes.of(
            self.corners,
            labels,
            area=self.areas,
            relative=True,
            numbers=self.lines,
            noun="line",
            problems=(*self.problems, *unknown),
            unusable=self.unusable,
        )
        return found if known.all() else found.take(known)


def read_yolo(path: Path) -> YoloFile:
    """Return what a file of labels says; if it cannot be read, that is what it says."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return YoloFile(unusable=f"labels {path.name} cannot be read ({error})")
    labels, corners, areas, lines, problems = [], [], [], [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        values = _numbers(line)
        if values is None or len(values) < 5 or len(values) % 2 == 0:
            problems.append(
                f"line {number} is no 'class cx cy w h' ({_short(line.strip())}) and was dropped"
            )
        elif values[0] < 0 or values[0] != int(values[0]):
            problems.append(f"line {number} has no class number ({values[0]:g}) and was dropped")
        else:
            box, area = _box(values[1:])
            labels.append(int(values[0]))
            corners.append(box)
            areas.append(area)
            lines.append(number)
    return YoloFile(tuple(labels), tuple(corners), tuple(areas), tuple(lines), tuple(problems))


def looks_like_labels(path: Path) -> bool:
    """Return whether the first line of a file is a box."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
    except (OSError, UnicodeDecodeError):
        return False
    values = _numbers(first)
    return values is not None and len(values) >= 5 and values[0] == int(values[0])


def _numbers(line: str) -> list[float] | None:
    try:
        values = [float(part) for part in line.split()]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None


def _box(values: list[float]) -> tuple[tuple[float, float, float, float], float]:
    """Return the corners of a box, or around an outline, and the area."""
    if len(values) == 4:
        cx, cy, w, h = values
        return (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), max(w, 0.0) * max(h, 0.0)
    x, y = np.array(values).reshape(-1, 2).T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max())), area


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
