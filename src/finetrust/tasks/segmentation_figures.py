"""The figures of a validation pass: streamed as confusion counts, so that memory does not grow."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from finetrust.data.masks.masks import IGNORE
from finetrust.tasks.segmentation_logits import canvas_of, on_canvas, resized

Judged = tuple[Tensor, float, int]
"""Confusion counts (k, k), the sum of the cross entropy, and the number of pixels."""


def judged(outputs: Any, targets: Any) -> Judged:
    """Return what :func:`mask_figures` needs of a batch.

    Parameters
    ----------
    outputs : tensor (n, k, h, w), or list of tensor (k, h, w)
        Logits.
    targets : uint8 tensor (n, H, W), or list of tensor (H, W)
        On the canvas; of lists each as large as its image.
    """
    if isinstance(outputs, Tensor):
        targets = on_canvas(targets, canvas_of(outputs))
    k = len(outputs[0])
    confusion, loss, pixels = torch.zeros(k, k, dtype=torch.int64), 0.0, 0
    for logits, target in zip(outputs, targets, strict=True):
        logits, labels = resized(logits, tuple(target.shape)), target.long()
        loss += float(
            functional.cross_entropy(
                logits[None], labels[None], ignore_index=IGNORE, reduction="sum"
            )
        )
        known = labels != IGNORE
        cells = labels[known] * k + logits.argmax(0)[known]
        confusion += torch.bincount(cells, minlength=k * k).reshape(k, k).cpu()
        pixels += int(known.sum())
    return confusion, loss, pixels


def mask_figures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return loss, mean intersection over union and accuracy of all pixels."""
    confusion = torch.stack([counts for counts, _, _ in judged]).sum(0).double()
    right = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - right
    pixels = max(1, sum(n for _, _, n in judged))
    there = union > 0
    return {
        "loss": sum(loss for _, loss, _ in judged) / pixels,
        "miou": float((right[there] / union[there]).mean()) if there.any() else 0.0,
        "pixel_accuracy": float(right.sum()) / pixels,
    }
