"""Pictures of decisions: the image as the network sees it, and the same under its heat map."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from finetrust.core.atomic import replacing_folder
from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.interpretability.cases import confident_errors, random_correct
from finetrust.trust.interpretability.grad_cam import grad_cam

SHOWN_PIXELS = 224


def draw_pictures(
    network: Network,
    dataset: Dataset,
    probabilities: np.ndarray,
    classes: Sequence[str],
    count: int,
    seed: int,
    folder: Path,
) -> tuple[Mapping[str, Any], ...]:
    """Write pictures of the most confident errors and of random correct cases.

    The heat map is Grad-CAM of the predicted class.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    probabilities : float array (n, classes)
        An item with NaN has no answer and is not shown.
    classes : sequence of str
    count : int
        How many of each kind at most.
    seed : int
    folder : Path
        Replaced whole.

    Returns
    -------
    tuple of mapping
        As in :class:`finetrust.core.profile.TrustProfile`, with ``file`` and ``overlay``.

    Raises
    ------
    NotApplicable
        If the network has no layer with a map of the image.
    """
    confidence = probabilities.max(1)
    predicted = np.where(np.isfinite(confidence), probabilities.argmax(1), NO_ANSWER)
    targets = dataset.targets
    wrong = confident_errors(predicted, targets, confidence, count)
    right = random_correct(predicted, targets, count, seed)
    rows = np.concatenate([wrong, right])
    if not len(rows):
        shutil.rmtree(folder, ignore_errors=True)
        return ()
    kinds = ["confident error"] * len(wrong) + ["random correct"] * len(right)
    transform = network.preprocessing.transform()
    device = network.normalise.mean.device
    images = torch.stack([transform(dataset.inputs[int(row)]) for row in rows])
    maps = grad_cam(
        network, images.to(device).float() / 255, torch.from_numpy(predicted[rows]).to(device)
    )
    pictures = []
    with replacing_folder(folder) as temporary:
        for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
            plain = images[number].permute(1, 2, 0).numpy()
            names = f"{number:03d}.png", f"{number:03d}-overlay.png"
            _enlarged(plain).save(temporary / names[0])
            _enlarged(_overlay(plain, maps[number].cpu().numpy())).save(temporary / names[1])
            pictures.append(
                {
                    "file": f"{folder.name}/{names[0]}",
                    "overlay": f"{folder.name}/{names[1]}",
                    "id": dataset.ids[row],
                    "kind": kind,
                    "target": classes[targets[row]],
                    "predicted": classes[predicted[row]],
                    "confidence": float(confidence[row]),
                }
            )
    return tuple(pictures)


def _overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay heat (h, w) in [0, 1] over a greyed uint8 image (h, w, 3): hotter is more orange."""
    grey = image.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.8 + 25
    hot = np.stack([np.full_like(heat, 255), 170 * (1 - heat), 30 * (1 - heat)], axis=2)
    opacity = 0.75 * heat[..., None]
    return (grey * (1 - opacity) + hot * opacity).clip(0, 255).astype(np.uint8)


def _enlarged(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image)
    if max(picture.size) >= SHOWN_PIXELS:
        return picture
    return picture.resize((SHOWN_PIXELS, SHOWN_PIXELS), Image.Resampling.NEAREST)
