"""Small pictures with real structure, and folders of them."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.data.data_report import DataReport
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex
from finetrust.data.report import check
from finetrust.tasks.task import tasks


def picture(seed: int, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """Return a picture that is like no other: random patches, smoothly blended."""
    patches = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def folder_of(root: Path, counts: Mapping[str, int], seed: int = 0) -> Path:
    """Write so many pictures, all different, into each folder below `root`; return `root`."""
    for name, n in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(n):
            write(root / name / f"{number:03d}.jpg", jpeg(picture(seed)))
            seed += 1
    return root


def checked(dataset: Dataset, **options: Any) -> tuple[Dataset, DataReport, DataIndex]:
    """Return what the checks make of data for classification."""
    return check(dataset, tasks.get("classification"), **options)


def splits_of(dataset: Dataset) -> dict[str, str]:
    """Return the split of each id."""
    return dict(zip(dataset.ids, dataset.splits.tolist(), strict=True))


def labels_of(dataset: Dataset) -> dict[str, str]:
    """Return the class name of each id."""
    return {i: dataset.classes[t] for i, t in zip(dataset.ids, dataset.targets, strict=True)}
