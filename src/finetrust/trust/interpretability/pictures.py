"""Decisions on images as pictures: the image as the network sees it, and again under its heat map."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from finetrust.core.atomic import replacing_folder
from finetrust.trust.accuracy.probabilities import NO_ANSWER, calibrated
from finetrust.trust.interpretability.cases import confident_errors, random_correct
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.grad_cam import grad_cam

SHOWN_PIXELS = 224


@explanations.register("heat_maps")
def draw_pictures(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Write pictures of the most confident errors and of random correct cases.

    The heat map is Grad-CAM of the predicted class. An item without finite logits is not shown.

    Returns
    -------
    tuple of mapping
        As in :class:`finetrust.core.profile.TrustProfile`, with ``file`` and ``overlay``.

    Raises
    ------
    NotApplicable
        If the network has no layer with a map of the image.
    """
    network, dataset, classes = decisions.network, decisions.dataset, decisions.classes
    count, seed, folder = decisions.count, decisions.seed, decisions.folder
    probabilities = calibrated(decisions.predictions, decisions.calibration)
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
    prepare, device = network.preprocessing.transform(), network.device
    images = torch.stack([prepare(dataset.inputs[int(row)]) for row in rows])
    maps = grad_cam(
        network, images.to(device).float() / 255, torch.from_numpy(predicted[rows]).to(device)
    )
    pictures = []
    with replacing_folder(folder) as temporary:
        for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
            plain = images[number].permute(1, 2, 0).numpy()
            names = f"{number:03d}.png", f"{number:03d}-overlay.png"
            enlarged(plain).save(temporary / names[0])
            enlarged(overlaid(plain, maps[number].cpu().numpy())).save(temporary / names[1])
            pictures.append(
                {
                    "file": names[0],
                    "overlay": names[1],
                    "id": dataset.ids[row],
                    "kind": kind,
                    "caption": _caption(classes, targets[row], predicted[row], confidence[row]),
                    "target": classes[targets[row]],
                    "predicted": classes[predicted[row]],
                    "confidence": float(confidence[row]),
                }
            )
    return tuple(pictures)


def _caption(classes: Sequence[str], target: int, predicted: int, confidence: float) -> str:
    if target == predicted:
        return f"{classes[target]}, right, with {confidence:.1%} confidence"
    return f"{classes[target]} taken for {classes[predicted]} with {confidence:.1%} confidence"


def overlaid(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay heat (h, w) in [0, 1] over a greyed uint8 image (h, w, 3): hotter is more orange."""
    grey = image.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.8 + 25
    hot = np.stack([np.full_like(heat, 255), 170 * (1 - heat), 30 * (1 - heat)], axis=2)
    opacity = 0.75 * heat[..., None]
    return (grey * (1 - opacity) + hot * opacity).clip(0, 255).astype(np.uint8)


def enlarged(image: np.ndarray) -> Image.Image:
    """Return a uint8 image (h, w, 3) as a picture that is large enough to be looked at."""
    picture = Image.fromarray(image)
    if max(picture.size) >= SHOWN_PIXELS:
        return picture
    scale = SHOWN_PIXELS / max(picture.size)
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.NEAREST)
