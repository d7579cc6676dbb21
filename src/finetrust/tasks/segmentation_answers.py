"""What a segmentation network says of images: counts for the measures, and answers for a user."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.masks.masks import shares
from finetrust.tasks.segmentation_counts import (
    SAMPLED_PIXELS,
    boundary_counts,
    confusion_counts,
    sampled,
)
from finetrust.tasks.segmentation_logits import at_image_size
from finetrust.trust.accuracy.segmentation.pixels import NO_TARGET


def mask_predictions(part: Dataset, outputs: Any) -> Predictions:
    """Return the outputs for the items of `part` as a table.

    Columns
    -------
    confusion : int64 (n, k * k)
        Pixels of each target (row) and predicted class.
    unanswered : int64 (n, k)
        Pixels of each class for which the logits are not finite.
    boundary : int64 (n, 2 k)
        Intersection and union of the borders of each class.
    pixel_logits : float32 (n, s * k)
        Of a fixed random sample of the pixels of each image.
    pixel_targets : int64 (n, s)
        Their classes; -1 where an image has fewer pixels with a class.
    """
    masks = [mask.read() for mask in part.targets]
    k, n = len(part.classes), len(masks)
    columns: dict[str, np.ndarray] = {
        "confusion": np.zeros((n, k * k), np.int64),
        "unanswered": np.zeros((n, k), np.int64),
        "boundary": np.zeros((n, 2 * k), np.int64),
        "pixel_logits": np.zeros((n, SAMPLED_PIXELS * k), np.float32),
        "pixel_targets": np.full((n, SAMPLED_PIXELS), NO_TARGET, np.int64),
    }
    found = at_image_size(outputs, [mask.shape[::-1] for mask in masks])
    for row, (mask, logits) in enumerate(zip(masks, found, strict=True)):
        answered, predicted = _answers(logits)
        columns["confusion"][row], columns["unanswered"][row] = confusion_counts(
            mask, predicted, answered, k
        )
        columns["boundary"][row] = boundary_counts(mask, np.where(answered, predicted, k), k)
        positions = sampled(mask, part.ids[row])
        at = logits.flatten(1)[:, torch.from_numpy(positions).to(logits.device)].T.cpu().numpy()
        columns["pixel_logits"][row, : at.size] = at.ravel()
        columns["pixel_targets"][row, : len(positions)] = mask.ravel()[positions]
    return Predictions(np.asarray(part.ids, dtype=str), columns)


def decoded_masks(
    outputs: Any, values: Sequence[Any], classes: Sequence[str], calibration: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return for each image the share of every class, the mean confidence, and the mask.

    ``mask`` is run-length coded row by row: ``size`` [height, width], and ``runs``, class indices and
    lengths in turn.
    """
    temperature = calibration.get("temperature", 1.0)
    found = at_image_size(outputs, [value.size for value in values])
    return [_decoded(logits, classes, temperature) for logits in found]


def run_lengths(labels: np.ndarray) -> list[int]:
    """Return a mask (h, w) as class indices and lengths in turn, row by row."""
    flat = labels.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    lengths = np.diff(np.append(starts, len(flat)))
    return np.stack([flat[starts], lengths], axis=1).ravel().tolist()


def _decoded(logits: Tensor, classes: Sequence[str], temperature: float) -> dict[str, Any]:
    answered, predicted = _answers(logits)
    if not answered.all():
        return {"error": "the model returned NaN or infinity"}
    confidence = (logits / temperature).softmax(0).amax(0).mean()
    counts = np.bincount(predicted.ravel(), minlength=len(classes))
    return {
        "classes": shares(counts, classes),
        "confidence": float(confidence),
        "mask": {"size": list(predicted.shape), "runs": run_lengths(predicted.astype(int))},
    }


def _answers(logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return where logits (k, h, w) are finite, and the class with the largest: arrays (h, w)."""
    answered = logits.isfinite().all(0).cpu().numpy()
    return answered, logits.argmax(0).to(torch.uint8).cpu().numpy()
