"""Segmented images as pictures: the image, its mask and the predicted one; and a class's heat map."""

import shutil
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from finetrust.core.atomic import replacing_folder
from finetrust.core.predictions import Predictions
from finetrust.data.masks.masks import IGNORE
from finetrust.models.tree import to_device
from finetrust.tasks.segmentation_logits import at_image_size, resized
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.picture_pixels import overlaid
from finetrust.trust.interpretability.seg_grad_cam import seg_grad_cam
from finetrust.trust.interpretability.spatial_layer import evaluating

SHOWN_PIXELS = 320
_GAP = 6
_LEGEND_LINE = 18
_UNLABELLED = (30, 30, 30)


@explanations.register("segmentation")
def draw_masks(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Write pictures of the images with the lowest IoU and of random others.

    Each shows image, mask and predicted mask side by side; under the overlay the heat map of the class
    that stands in the caption: of the worst images the one with the lowest IoU, of the others the one
    that was predicted for the most pixels.

    Returns
    -------
    tuple of mapping
        ``id``, ``kind`` ("worst image" or "random image"), ``caption``, ``file``, ``overlay``, and the
        mean IoU of the image as ``iou``.
    """
    iou = class_iou(decisions.predictions)
    with np.errstate(invalid="ignore"):
        of_image = np.nansum(iou, axis=1) / np.isfinite(iou).sum(axis=1)
    worst, others = chosen(of_image, decisions.count, decisions.seed)
    if not len(worst) + len(others):
        shutil.rmtree(decisions.folder, ignore_errors=True)
        return ()
    found = []
    with replacing_folder(decisions.folder) as temporary:
        for number, row in enumerate([*worst, *others]):
            is_worst = number < len(worst)
            shown = _Segmented(decisions, int(row))
            about = (
                int(np.nanargmin(np.where(shown.predicted_share > 0, iou[row], np.nan)))
                if is_worst
                else int(shown.predicted_share.argmax())
            )
            names = f"{number:03d}.png", f"{number:03d}-overlay.png"
            shown.picture().save(temporary / names[0])
            shown.picture(about).save(temporary / names[1])
            found.append(
                {
                    "id": decisions.dataset.ids[row],
                    "kind": "worst image" if is_worst else "random image",
                    "caption": _caption(decisions.classes, of_image[row], iou[row], about),
                    "file": names[0],
                    "overlay": names[1],
                    "iou": float(of_image[row]),
                    "wide": True,
                }
            )
    return tuple(found)


def class_iou(predictions: Predictions) -> np.ndarray:
    """Return the IoU of each class in each image: (n, k), NaN where neither mask shows it."""
    k = predictions["unanswered"].shape[1]
    confusion = predictions["confusion"].reshape(-1, k, k)
    right = np.diagonal(confusion, axis1=1, axis2=2).astype(float)
    union = confusion.sum(1) + confusion.sum(2) + predictions["unanswered"] - right
    return np.divide(right, union, out=np.full(right.shape, np.nan), where=union > 0)


def chosen(iou: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with the lowest IoU, the lowest first, and random ones of the rest, sorted."""
    order = np.argsort(iou, kind="stable")
    order = order[np.isfinite(iou[order])]
    worst, rest = order[:count], order[count:]
    drawn = np.random.default_rng(seed).choice(rest, min(count, len(rest)), replace=False)
    return worst, np.sort(drawn)


@lru_cache(maxsize=8)
def palette(n_classes: int) -> np.ndarray:
    """Return a colour for each class, far from each other: uint8 array (n_classes, 3).

    Each is the one of 7 x 7 x 7 levels that lies farthest from those before it, from the dark of what is
    to be ignored, and from white.
    """
    levels = np.linspace(0, 255, 7)
    candidates = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    taken = [np.array(_UNLABELLED, float), np.full(3, 255.0)]
    nearest = np.min([np.linalg.norm(candidates - colour, axis=1) for colour in taken], axis=0)
    colours = []
    for _ in range(n_classes):
        colours.append(candidates[nearest.argmax()])
        nearest = np.minimum(nearest, np.linalg.norm(candidates - colours[-1], axis=1))
    return np.array(colours).round().astype(np.uint8).reshape(-1, 3)


class _Segmented:
    """One image with both masks, at the size of the picture."""

    def __init__(self, decisions: Decisions, row: int) -> None:
        image, mask = decisions.dataset.inputs[row], decisions.dataset.targets[row].read()
        scale = min(1.0, SHOWN_PIXELS / max(image.size)) if max(image.size) else 1.0
        self._size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        self._image = np.asarray(image.resize(self._size, Image.Resampling.BILINEAR))
        self._mask = self._small(mask)
        self._classes, self._network = decisions.classes, decisions.network
        network = decisions.network
        inputs = network.preprocessing.collate([network.preprocessing.transform()(image)])
        self._inputs = to_device(inputs, network.device)
        with evaluating(network), torch.inference_mode():
            outputs = network(self._inputs)
        logits = next(iter(at_image_size(outputs, [image.size])))
        labels = logits.argmax(0).to(torch.uint8).cpu().numpy()
        self._full = image.size
        self._predicted = self._small(labels)
        counts = np.bincount(labels.ravel(), minlength=len(self._classes))
        self.predicted_share = counts / counts.sum()

    def picture(self, about: int | None = None) -> Image.Image:
        """Return the three panels and the legend; with a class, its heat map over the image."""
        image = self._image if about is None else overlaid(self._image, self._heat(about))
        panels = [image, self._coloured(self._mask), self._coloured(self._predicted)]
        width, height = self._size
        legend = self._legend(3 * width + 2 * _GAP)
        sheet = Image.new("RGB", (3 * width + 2 * _GAP, height + _GAP + legend.height), "white")
        for number, panel in enumerate(panels):
            sheet.paste(Image.fromarray(panel), (number * (width + _GAP), 0))
        sheet.paste(legend, (0, height + _GAP))
        return sheet

    def _heat(self, about: int) -> np.ndarray:
        heat = seg_grad_cam(self._network, self._inputs, about)[0]
        letterbox: Any = self._network.preprocessing
        width, height = letterbox.scaled_size(self._full)
        return resized(heat[None, :height, :width], self._size[::-1])[0].cpu().numpy()

    def _small(self, labels: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(labels).resize(self._size, Image.Resampling.NEAREST))

    def _coloured(self, labels: np.ndarray) -> np.ndarray:
        colours = np.full((IGNORE + 1, 3), _UNLABELLED, np.uint8)
        colours[: len(self._classes)] = palette(len(self._classes))
        return colours[labels]

    def _legend(self, width: int) -> Image.Image:
        """Return the colours of the classes that either mask shows."""
        shown = [c for c in range(len(self._classes)) if c in self._mask or c in self._predicted]
        colours = palette(len(self._classes))
        places, x, y = [], 0, 0
        for c in shown:
            length = 20 + int(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(self._classes[c]))
            if x and x + length > width:
                x, y = 0, y + _LEGEND_LINE
            places.append((c, x, y))
            x += length + 10
        legend = Image.new("RGB", (width, y + _LEGEND_LINE), "white")
        draw = ImageDraw.Draw(legend)
        for c, left, top in places:
            draw.rectangle((left, top + 2, left + 12, top + 14), fill=tuple(colours[c].tolist()))
            draw.text((left + 17, top + 2), self._classes[c], fill="black")
        return legend


def _caption(classes: Sequence[str], mean: float, iou: np.ndarray, about: int) -> str:
    of_class = f"; heat map of '{classes[about]}'"
    if np.isfinite(iou[about]):
        of_class += f", which has {iou[about]:.0%}"
    return f"image, mask, prediction: mean IoU {mean:.0%}{of_class}"
