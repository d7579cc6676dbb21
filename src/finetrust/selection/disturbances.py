"""Disturbed inputs whose features are compared with those of the inputs as they are.

Four common corruptions of images at severity 3 of 5 (one of noise, blur, weather and digital each,
Hendrycks & Dietterich 2019) and four harmless changes; of texts typos, casing, punctuation and
whitespace at severity 2 of 3.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.core.progress import quietly
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree, mapped, to_device
from finetrust.models.unit_interval import in_unit_interval
from finetrust.selection.estimate import Figure
from finetrust.selection.moved import relative_distance, typical_distance
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.harmless.changes.family import Batch, families
from finetrust.trust.stability.perturbers.image import QUICK
from finetrust.trust.stability.perturbers.text import CorruptedTexts
from finetrust.trust.stability.text_corruptions.catalogue import text_corruptions
from finetrust.trust.trials.item_seeds import item_seeds

ITEMS = 64
SEVERITY_OF_IMAGES = 3
SEVERITY_OF_TEXTS = 2
HARMLESS = ("flip", "shift", "crop", "rotation")


def moved_features(inference: Inference, dataset: Dataset, seed: int) -> Figure:
    """Return how far features move under disturbance, in typical distances between two items.

    The mean over all disturbances of ``ITEMS`` items, with its bootstrap interval over items; the
    details hold the mean of each disturbance. Lower is more robust.

    Parameters
    ----------
    inference : Inference
    dataset : Dataset
    seed : int

    Raises
    ------
    NotApplicable
        If there is nothing that can be compared.
    """
    order = np.random.default_rng(seed).permutation(len(dataset))
    part = replace(dataset.take(np.sort(order[:ITEMS])), digests=())
    clean: np.ndarray | None = None
    found: dict[str, np.ndarray] = {}
    with quietly():
        for name, features in _features(inference, part, seed):
            if clean is None:
                clean = features
                apart = typical_distance(clean, seed)
            else:
                found[name] = relative_distance(clean, features, apart)
    of_items = np.mean(list(found.values()), axis=0)
    if not np.isfinite(of_items).all():
        raise NotApplicable("disturbed inputs have features that are not finite")
    low, high = bootstrap_mean(of_items, seed)
    by_kind = {name: float(values.mean()) for name, values in found.items()}
    return Figure(float(of_items.mean()), low, high, len(of_items), by_kind)


def _features(inference: Inference, part: Dataset, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the features (n, d) of the items as they are, then under each disturbance."""
    example = inference.preprocessing.example(1)
    if part.kind.name == "text":
        yield from _of_texts(inference, part, seed)
    elif isinstance(example, Tensor) and example.ndim == 4:
        yield from _of_images(inference, part, seed)
    else:
        raise NotApplicable("the inputs are neither texts nor images of one size")


def _of_images(inference: Inference, part: Dataset, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    batches = [
        (rows, mapped(in_unit_interval, to_device(inputs, inference.device)))
        for rows, inputs in batched_inputs(inference, part, 0, "")
    ]
    seeds = item_seeds(part.ids, seed).to(inference.device)

    def passed(change: Any) -> np.ndarray:
        return np.concatenate([_rows(inference, change(rows, x)) for rows, x in batches])

    yield "clean", passed(lambda rows, pixels: pixels)
    for name in QUICK:
        corrupt = partial(_corrupted, name, seeds)
        yield name, passed(corrupt)
    for name in HARMLESS:
        if name == "flip" and not part.mirrored_alike:
            continue
        preprocessing: Any = inference.preprocessing
        change = next(c for c in families.get(name).changes(preprocessing) if c.brief)
        yield name, passed(partial(_changed, change.apply, part))


def _corrupted(name: str, seeds: Tensor, rows: np.ndarray, pixels: Tensor) -> Tensor:
    return corruptions.get(name)(pixels, SEVERITY_OF_IMAGES, seeds[torch.from_numpy(rows)])


def _changed(apply: Any, part: Dataset, rows: np.ndarray, pixels: Tensor) -> Tensor:
    return apply(Batch(pixels, partial(_originals, part, rows)))


def _originals(part: Dataset, rows: np.ndarray) -> list[Image.Image]:
    return [part.inputs[int(row)] for row in rows]


def _of_texts(inference: Inference, part: Dataset, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    seeds = item_seeds(part.ids, seed).numpy()
    yield "clean", _in_order(inference, part)
    for name in text_corruptions.names():
        texts = CorruptedTexts(part.inputs, text_corruptions.get(name), SEVERITY_OF_TEXTS, seeds)
        yield name, _in_order(inference, replace(part, inputs=texts))


def _in_order(inference: Inference, part: Dataset) -> np.ndarray:
    found: dict[int, np.ndarray] = {}
    for rows, inputs in batched_inputs(inference, part, 0, ""):
        found.update(zip(rows.tolist(), _rows(inference, inputs), strict=True))
    return np.stack([found[row] for row in range(len(part))])


def _rows(inference: Inference, inputs: Tree) -> np.ndarray:
    features = inference.features(inputs)
    if not isinstance(features, Tensor) or features.ndim != 2:
        raise NotApplicable("there is more than one row of features for each item")
    return features.cpu().numpy()
