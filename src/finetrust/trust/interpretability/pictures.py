"""Decisions on images as strips: the image, its heat map, and the training images most similar to it."""

import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.core.atomic import replacing_folder
from finetrust.trust.accuracy.probabilities import NO_ANSWER, calibrated
from finetrust.trust.interpretability.attributions.attribution import attributions
from finetrust.trust.interpretability.belief import changes_with_weights
from finetrust.trust.interpretability.cases import confident_errors, random_correct
from finetrust.trust.interpretability.choice import chosen_method
from finetrust.trust.interpretability.examples.shown_examples import examples_of
from finetrust.trust.interpretability.explaining import explainer, layer_name
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.picture_pixels import enlarged, overlaid, seen_images
from finetrust.trust.interpretability.shown_heat import ShownHeat
from finetrust.trust.interpretability.shown_training import ShownTraining
from finetrust.trust.interpretability.strip_words import (
    caption_of,
    heat_sentence,
    neighbours_sentence,
    warning_of,
)
from finetrust.trust.trials.item_seeds import item_seeds

WITHOUT_CHOICE = "grad_cam"
_AT_ONCE = 32


@explanations.register("heat_maps")
def draw_pictures(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Write strips of the most confident errors and of random correct cases.

    The heat map is that of the predicted class, by the attribution method that the trials have chosen
    for this model; Grad-CAM where none was chosen. An item without finite logits is not shown. Training
    items stand beside it where they are known.

    Returns
    -------
    tuple of mapping
        As in :mod:`finetrust.trust.interpretability.explanation`.

    Raises
    ------
    NotApplicable
        If the method cannot explain the network.
    """
    dataset, classes, folder = decisions.dataset, decisions.classes, decisions.folder
    probabilities = calibrated(decisions.predictions, decisions.calibration)
    confidence = probabilities.max(1)
    predicted = np.where(np.isfinite(confidence), probabilities.argmax(1), NO_ANSWER)
    wrong = confident_errors(predicted, dataset.targets, confidence, decisions.count)
    right = random_correct(predicted, dataset.targets, decisions.count, decisions.seed)
    rows = np.concatenate([wrong, right])
    if not len(rows):
        shutil.rmtree(folder, ignore_errors=True)
        return ()
    kinds = ["confident error"] * len(wrong) + ["random correct"] * len(right)
    found = {} if decisions.bench is None else decisions.bench.found
    name = chosen_method(found) or WITHOUT_CHOICE
    method = attributions.get(name)
    warning = warning_of(changes_with_weights(found, name))
    images = seen_images(decisions.network, dataset, rows.tolist())
    maps = _maps(decisions, name, images, rows, predicted[rows])
    examples = found.get("examples", {})
    pictures = []
    with replacing_folder(folder) as temporary:
        training = ShownTraining(decisions, temporary)
        for number, (row, kind) in enumerate(zip(rows.tolist(), kinds, strict=True)):
            heat = ShownHeat.of(maps[number].numpy(), method.signed)
            names = f"{number:03d}.png", f"{number:03d}-overlay.png"
            plain = images[number].permute(1, 2, 0).numpy()
            enlarged(plain).save(temporary / names[0])
            hot = overlaid(plain, heat.speaks_for, heat.speaks_against)
            enlarged(hot).save(temporary / names[1])
            target, answer = classes[dataset.targets[row]], classes[predicted[row]]
            beside = examples_of(examples, dataset.ids[row])
            told = [heat_sentence(heat, answer)]
            if beside is not None and beside.neighbours:
                labels = [classes[item.label] for item in beside.neighbours]
                told.append(neighbours_sentence(labels, answer, target))
            pictures.append(
                {
                    "file": names[0],
                    "overlay": names[1],
                    "id": dataset.ids[row],
                    "kind": kind,
                    "caption": caption_of(target, answer, confidence[row]),
                    "told": told,
                    "target": target,
                    "predicted": answer,
                    "confidence": float(confidence[row]),
                    "method": name,
                    "method_title": method.title,
                    "signed": method.signed,
                    **({} if warning is None else {"warning": warning}),
                    **({} if beside is None else training.beside(beside, predicted[row])),
                }
            )
    return tuple(pictures)


def _maps(
    decisions: Decisions, method: str, images: Tensor, rows: np.ndarray, predicted: np.ndarray
) -> Tensor:
    """Return the heat maps of the predicted classes: float32 (n, h, w) in main memory."""
    network, bench = decisions.network, decisions.bench
    pixels = images.float().div(255).to(network.device)
    classes = torch.from_numpy(predicted).to(network.device)
    seeds = item_seeds([decisions.dataset.ids[row] for row in rows.tolist()], decisions.seed)
    named = None if bench is None else bench.options.target_layer
    explain = explainer(method, layer_name(network, pixels[:1], named))
    parts = (part.split(_AT_ONCE) for part in (pixels, classes, seeds.to(network.device)))
    return torch.cat([explain(network, *part).float().cpu() for part in zip(*parts, strict=True)])
