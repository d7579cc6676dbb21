"""The trial of localisation of segmenters: does what speaks for a class lie on its pixels."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from torch import Tensor

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.data.masks.masks import IGNORE
from finetrust.models.network import Network
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.localisation.parts import (
    PartAnswer,
    location_step,
    sanity_step,
)
from finetrust.trust.interpretability.mask_pictures import class_iou
from finetrust.trust.interpretability.seg_grad_cam import seg_grad_cam
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL, METHOD = "mask_localisation", "seg_grad_cam"
LEAST_IOU = 0.5
"""Intersection over union in the image from which a class counts as rightly found."""


class MaskLocalisation:
    """One rightly found class of each image, drawn at random, against its pixels."""

    title = "Localisation of segmented classes"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        return

    def plan(self, bench: Bench) -> Sequence[Step]:
        if "confusion" not in bench.clean:
            raise NotApplicable("the outputs are not masks")
        answers = {
            row: PartAnswer(partial(_heat, bench.network, c), partial(_truth, bench, row, c))
            for row, c in found_classes(bench).items()
        }
        row = min(answers)
        _, images = next(bench.batches(np.array([row]), "localisation"))
        answers[row].heat(bench.network, images[0])  # raises NotApplicable without a map
        settings = {"iou": LEAST_IOU}
        steps = [location_step(bench, answers, settings)]
        if isinstance(images, Tensor):
            steps.append(sanity_step(bench, answers, METHOD, settings))
        return steps


def found_classes(bench: Bench) -> dict[int, int]:
    """Return one rightly found class of each image of a sample, drawn by the item's seed, by row.

    Raises
    ------
    NotApplicable
        If there is none.
    """
    rows = bench.sample(costly=True)
    right = class_iou(bench.clean.take(rows)) >= LEAST_IOU
    seeds = bench.seeds(rows).tolist()
    found = {
        row: int(np.flatnonzero(of)[seed % of.sum()])
        for row, of, seed in zip(rows.tolist(), right, seeds, strict=True)
        if of.any()
    }
    if not found:
        raise NotApplicable(f"no class was found in an image with an IoU of {LEAST_IOU}")
    return found


def _heat(answered_by: Network, target: int, network: Network, image: Tensor) -> Tensor:
    images = image[None] if network.around is None else [image]
    other = None if network is answered_by else answered_by
    return seg_grad_cam(network, images, target, other)[0]


def _truth(bench: Bench, row: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    classes = bench.dataset.targets[row].read()
    return classes == target, classes != IGNORE


trials.add(TRIAL, MaskLocalisation())
