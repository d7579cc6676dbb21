"""Short real runs on texts: a tiny encoder, and films that are good or bad by what is said of them."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

import finetrust
from finetrust.data.dataset import Dataset
from finetrust.data.source import open_dataset
from models.tiny_encoders import bert_folder

GOOD, BAD = ("good", "great", "bright", "happy", "fine"), ("bad", "awful", "dull", "boring", "sad")


def films(n: int = 60, seed: int = 0) -> list[tuple[str, str]]:
    """Return texts of 3 to 14 words, and whether their one telling word is a good one."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        words = rng.choice(["the", "film", "plot", "is", "was", "very", "acting", "a", "story"], 13)
        telling = str(rng.choice(GOOD if i % 2 else BAD))
        cut = int(rng.integers(2, 14))
        rows.append((" ".join([*words[:cut], telling]), "good" if i % 2 else "bad"))
    return rows


def table_of_films(file: Path, n: int = 60) -> Path:
    """Write a table of films whose last quarters are for validation and testing."""
    splits = ["train"] * (n // 2) + ["val"] * (n // 4) + ["test"] * (n - n // 2 - n // 4)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(["text", "label", "split"])
        table.writerows(
            (text, label, split) for (text, label), split in zip(films(n), splits, strict=True)
        )
    return file


def data(folder: Path, n: int = 60) -> Dataset:
    return open_dataset(table_of_films(folder / "films.csv", n))


def tuned(folder: Path, name: str = "run", **options: Any) -> finetrust.Run:
    """Tune a tiny encoder on films, quietly and in full precision."""
    encoder = folder / "encoder"
    if not encoder.exists():
        bert_folder(encoder, initializer_range=0.1)
    films = options.pop("data", None) or data(folder)
    chosen = {"data": films, "precision": "fp32", "epochs": 2, **options}
    return finetrust.tune(str(encoder), out=str(folder / name), quiet=True, **chosen)
