"""Tables of real data that ``finetrust`` opens: a path or a text, a label, the split."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from finetrust.core.atomic import replacing

OF_IMAGES = ("path", "label", "split")
OF_TEXTS = ("text", "label", "split")


def folders(root: Path) -> list[Path]:
    """Return the folders within a folder, such as those of the classes, by name."""
    return sorted(path for path in root.resolve().iterdir() if path.is_dir())


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by the names of its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a CSV file, whole at once for who reads it meanwhile, and return its path."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        lines.writerows(rows)
    return path
