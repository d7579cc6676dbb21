"""Checks of masks: sizes, unknown values and what cannot be read, in threads; pixels are counted."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from finetrust.core.cpus import usable_cpus
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.data.findings import Findings
from finetrust.data.input_kind import Size
from finetrust.data.masks.masks import Mask, count_pixels

_MOST_THREADS = 16
_SHOWN = 3


def examine_masks(dataset: Dataset, sizes: Sequence[Size]) -> tuple[Dataset, Findings]:
    """Return `dataset` with its masks counted, and which items have masks that cannot be used.

    Parameters
    ----------
    dataset : Dataset
        Its targets are masks.
    sizes : sequence of (width, height)
        Of the images.
    """
    n_classes = len(dataset.classes)

    def one(row: int) -> tuple[Any, str]:
        return _examined(dataset.targets[row], sizes[row], n_classes)

    with ThreadPoolExecutor(min(usable_cpus(), _MOST_THREADS)) as pool:
        results = pool.map(one, range(len(dataset)))
        found = list(track(results, "checking masks", len(dataset)))
    targets = np.empty(len(dataset), object)
    targets[:] = [mask for mask, _ in found]
    left_out = {row: reason for row, (_, reason) in enumerate(found) if reason}
    return replace(dataset, targets=targets), Findings(left_out=left_out)


def _examined(mask: Any, size: Size, n_classes: int) -> tuple[Mask, str]:
    """Return the mask with its counts, and why it cannot be used; empty if it can."""
    try:
        classes, unknown = mask.decoded()
    except OSError as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return mask, f"{mask.name} cannot be read: {reason}"
    height, width = classes.shape
    if (width, height) != tuple(size):
        return mask, (f"{mask.name} has {width} x {height} pixels, its image {size[0]} x {size[1]}")
    if unknown:
        return mask, f"{mask.name} holds {_listed(unknown)}, of none of the {n_classes} classes"
    counts = count_pixels(classes, n_classes)
    if not counts[:-1].any():
        return mask, f"{mask.name} marks all its pixels as to be ignored"
    digest = hashlib.sha256(classes.tobytes()).hexdigest()
    return replace(mask, counts=tuple(counts.tolist()), digest=digest), ""


def _listed(unknown: Mapping[str, int]) -> str:
    shown = [f"the value {value} in {n:,} pixels" for value, n in list(unknown.items())[:_SHOWN]]
    more = len(unknown) - _SHOWN
    return " and ".join(shown) + (f" and {more} more values" if more > 0 else "")
