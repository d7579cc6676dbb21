"""Made-up masks, predictions and the tables that they give, for the tests of the measures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.masks.masks import IGNORE, MaskArray
from finetrust.tasks.segmentation_answers import mask_predictions
from finetrust.tasks.segmentation_counts import boundary_counts, confusion_counts

CLASSES = ("sky", "road", "<script>", "tree")


def dataset_of(masks: Sequence[np.ndarray], n_classes: int, ids: Sequence[str] = ()) -> Dataset:
    """Return a data set of masks without images."""
    targets = np.empty(len(masks), object)
    targets[:] = [MaskArray(mask, n_classes) for mask in masks]
    names = tuple(ids) or tuple(str(i) for i in range(len(masks)))
    classes = tuple("abcdefghij"[:n_classes])
    splits = np.full(len(masks), "test")
    return Dataset("made up", names, [], targets, classes, splits, task="segmentation")  # type: ignore[arg-type]


def table_of(
    masks: Sequence[np.ndarray], logits: Sequence[np.ndarray], ids: Sequence[str] = ()
) -> Predictions:
    """Return predictions of logits (k, h / 4, w / 4) for masks (h, w)."""
    outputs = [torch.from_numpy(np.asarray(one, np.float32)) for one in logits]
    return mask_predictions(dataset_of(masks, len(logits[0]), ids), outputs)


def table_of_labels(
    masks: Sequence[np.ndarray], predicted: Sequence[np.ndarray], n_classes: int
) -> Predictions:
    """Return the counts of predicted masks."""
    pairs = list(zip(masks, predicted, strict=True))
    sure = np.ones(masks[0].shape, bool)
    counts = [confusion_counts(mask, found, sure, n_classes) for mask, found in pairs]
    columns = {
        "confusion": np.stack([confusion for confusion, _ in counts]),
        "unanswered": np.stack([unanswered for _, unanswered in counts]),
        "boundary": np.stack([boundary_counts(mask, found, n_classes) for mask, found in pairs]),
    }
    return Predictions(np.arange(len(masks)).astype(str), columns)


def blocks(seed: int, n: int, n_classes: int = 4, ignored: float = 0.1) -> list[np.ndarray]:
    """Return masks (32, 48) of 8 x 8 blocks."""
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, n_classes, (n, 4, 6)).astype(np.uint8)
    masks[rng.random(masks.shape) < ignored] = IGNORE
    return [mask.repeat(8, 0).repeat(8, 1) for mask in masks]


def noisy(masks: Sequence[np.ndarray], seed: int, n_classes: int = 4, noise: float = 2.0) -> list:
    """Return logits (k, 8, 12) that lean towards the masks, a different degree each."""
    rng = np.random.default_rng(seed)
    found = []
    for mask in masks:
        hot = (mask[2::4, 2::4] == np.arange(n_classes)[:, None, None]).astype(float)
        found.append(2 * hot + noise * rng.random() * rng.normal(size=hot.shape))
    return found


def evidence_of(masks: Sequence[np.ndarray], logits: Sequence[Any], **rest: Any) -> Evidence:
    """Return evidence of clean predictions."""
    return Evidence(table_of(masks, logits), **rest)


def ordinary_masks(n: int = 24) -> Evidence:
    """Return evidence with corruptions of half of the images, and a temperature."""
    masks = blocks(0, n)
    logits = noisy(masks, 1)
    rows = np.random.default_rng(0).permutation(n)[: max(1, n // 2)]
    perturbed = {
        f"{name}-{severity}": table_of(
            [masks[i] for i in rows],
            [
                logits[i] + 0.6 * severity * np.random.default_rng(9).normal(size=(4, 8, 12))
                for i in rows
            ],
            [str(i) for i in rows],
        )
        for name, severities in (("contrast", (1, 3)), ("gaussian_noise", (5,)))
        for severity in severities
    }
    return evidence_of(
        masks,
        logits,
        perturbed=perturbed,
        classes=CLASSES,
        calibration={"temperature": 1.6},
        seed=3,
    )
