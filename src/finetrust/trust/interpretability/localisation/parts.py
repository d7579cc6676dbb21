"""Answers about parts of images, a box or the region of a class: are their heat maps on the object.

And do the maps change with the weights, as an explanation of the network must.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.core.predictions import Predictions
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network
from finetrust.models.seen_mask import seen_mask
from finetrust.trust.interpretability.localisation.columns import (
    STEP,
    judged_columns,
    no_columns,
)
from finetrust.trust.interpretability.sanity.checks import STAGES, explanations_judged, of_network
from finetrust.trust.interpretability.sanity.found import STEP as SANITY
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import Step


@dataclass(frozen=True)
class PartAnswer:
    """A right answer about a part of one image.

    Parameters
    ----------
    heat : callable
        ``heat(network, image)`` returns the heat map (h, w) of that answer for an image (3, h, w) as the
        network gets it; None where it says nothing of the kind.
    truth : callable
        Returns which pixels of the original image are the object, and which may be judged: two bool arrays
        (h, w).
    """

    heat: Callable[[Network, Tensor], Tensor | None]
    truth: Callable[[], tuple[np.ndarray, np.ndarray]]


Answers = Mapping[int, PartAnswer]
"""By the row of the image."""


def location_step(bench: Bench, answers: Answers, settings: Mapping[str, Any]) -> Step:
    """Return the step ``localisation`` for answers about parts of images."""
    n = len(answers)
    run = partial(located_parts, bench, answers)
    return Step(STEP, run, settings, forward=n, backward=n)


def sanity_step(bench: Bench, answers: Answers, method: str, settings: Mapping[str, Any]) -> Step:
    """Return the step ``sanity`` for answers about parts of images of one size."""
    maps = explanations_judged(with_labels=False) * len(answers)
    run = partial(changed_parts, bench, answers, method)
    return Step(SANITY, run, {**settings, "stages": STAGES}, forward=maps, backward=maps)


def located_parts(bench: Bench, answers: Answers) -> Predictions:
    """Return how the heat maps of answers lie on their objects."""
    rows = np.array(sorted(answers))
    columns = no_columns(len(rows))
    for part, images in bench.batches(rows, "localisation"):
        for row, image, seed in zip(part.tolist(), images, bench.seeds(part), strict=True):
            heat = answers[row].heat(bench.network, image)
            if heat is None:
                continue
            found = _columns(bench, answers[row], image, heat, seed[None])
            for name, values in found.items():
                columns[name][np.searchsorted(rows, row)] = values[0]
    return Predictions(_ids(bench, rows), columns)


def changed_parts(bench: Bench, answers: Answers, method: str) -> Predictions:
    """Return how the heat maps change as the weights of the network are drawn anew.

    Parameters
    ----------
    bench : Bench
        Its inputs are one tensor.
    answers : mapping of int to PartAnswer
    method : str
        What makes the maps.

    Returns
    -------
    Predictions
        ``METHOD.weights-K`` and what else :func:`~finetrust.trust.interpretability.sanity.checks.of_network`
        says.
    """
    rows = np.array(sorted(answers))
    columns: dict[str, np.ndarray] = {}

    def explain(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        assert isinstance(network, Network)
        of_rows = zip(targets.tolist(), images, strict=True)
        return torch.stack([_heat(answers[row], network, image) for row, image in of_rows])

    for part, images in bench.batches(rows, "sanity of the maps"):
        assert isinstance(images, Tensor)
        items = images, torch.from_numpy(part).to(images.device), bench.seeds(part)
        found = of_network(method, explain, bench.network, None, items, bench.seed)
        for name, values in found.items():
            column = columns.setdefault(f"{method}.{name}", np.full(len(rows), np.nan))
            column[np.searchsorted(rows, part)] = values
    return Predictions(_ids(bench, rows), columns)


def _columns(
    bench: Bench, answer: PartAnswer, image: Tensor, heat: Tensor, seed: Tensor
) -> dict[str, np.ndarray]:
    """Return the columns of one answer, judged within the part of the canvas that the image fills."""
    letterbox = bench.inference.preprocessing
    assert isinstance(letterbox, Letterbox)
    truth, judged = answer.truth()
    width, height = letterbox.scaled_size(truth.shape[::-1])
    on_canvas = [seen_mask(mask, letterbox).to(image.device) for mask in (truth, judged)]
    mask, known = (of[:height, :width] for of in on_canvas)
    return judged_columns(
        heat[:height, :width], image[:, :height, :width], seed, mask & known, known
    )


def _heat(answer: PartAnswer, network: Network, image: Tensor) -> Tensor:
    """Return the heat map of an answer, NaN where there is none."""
    heat = answer.heat(network, image)
    return image.new_full(image.shape[-2:], torch.nan) if heat is None else heat


def _ids(bench: Bench, rows: np.ndarray) -> np.ndarray:
    return bench.ids(rows)
