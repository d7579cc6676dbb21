"""AugMix's loss: an image and two mixtures of it are to have one answer (Hendrycks et al. 2020)."""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import torch
from PIL import Image
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from finetrust.config import Count, NonNegative
from finetrust.core.errors import UserError
from finetrust.data.images.augmentations.augment import read_augment
from finetrust.data.images.augmentations.augmentation import Step as Change
from finetrust.data.images.augmentations.augmix import SEVERITY, WIDTH, AugMix
from finetrust.data.images.augmentations.operations import MOST_SEVERE
from finetrust.data.masks.masks import IGNORE
from finetrust.data.samples import Samples
from finetrust.tasks.classification import Classification
from finetrust.tasks.segmentation import Segmentation
from finetrust.tuning.accelerator import undistributed
from finetrust.tuning.addition import Addition, Companion, Penalty, Planned, Start, Step, additions

WEIGHT = 12.0
"""Of the authors' published code, for CIFAR-10, CIFAR-100 and ImageNet alike."""
VIEWS = 2


@additions.register("augmix-consistency")
class AugMixConsistency(Addition):
    """Hendrycks, Mu, Cubuk, Zoph, Gilmer & Lakshminarayanan (2020), "AugMix", ICLR, section 3.

    The task's own loss is that of the image as ``--augment`` leaves it; to it is added ``weight`` times
    the :func:`jensen_shannon` divergence of the answers for it and for two mixtures of it. The mixtures
    go through the network in a pass of their own, so batch norm in training sees plain images apart
    from mixed ones; in the authors' code they share a pass. Of masks, the mixtures are of operations
    that move nothing, and the divergence is that of the pixels with a class.
    """

    weight: NonNegative = Field(WEIGHT, description="Lambda: weight of the divergence.")
    severity: Annotated[int, Field(ge=1, le=MOST_SEVERE)] = Field(
        SEVERITY, description="Greatest strength of the operations, 1 to 10."
    )
    width: Count = Field(WIDTH, description="Chains of operations that are mixed.")

    def check(self, planned: Planned) -> None:
        options, task = planned.options, planned.task
        if not isinstance(task, Classification | Segmentation):
            raise UserError(
                "augmix-consistency compares probabilities of the classes of images or pixels, and this "
                f"task is {task.pipeline or 'another'}",
                "Leave augmix-consistency out.",
            )
        if planned.mixing:
            raise UserError(
                f"augmix-consistency and {planned.mixing}: a mixed image has the answers of two",
                "Leave one of them out.",
            )
        phases = [phase for phase in planned.phases if phase.trains_backbone]
        if not phases:
            raise UserError(
                "augmix-consistency has no effect where the backbone stays frozen, for it does not see "
                "the mixed images",
                "Choose a strategy that trains it, such as 'full + augmix-consistency'.",
            )
        for phase in phases:
            augment = read_augment(phase.augment)
            if "augmix" in augment.added:
                raise UserError(
                    "augmix-consistency mixes its images itself, and the loss is that of the plain one",
                    "Leave augmix out of --augment.",
                )
            if options.sliding_window and not augment.crops:
                raise UserError(
                    "augmix-consistency needs images of one size, and --sliding-window without "
                    "a crop leaves them as they are",
                    "Choose --augment crop, or leave one of them out.",
                )

    def penalty(self, start: Start) -> Penalty | None:
        if not self.weight:
            return None
        still = isinstance(start.task, Segmentation)
        mix = AugMix(severity=self.severity, width=self.width).step(still)
        return _Consistency(start, mix, self.weight)


class _Consistency(Penalty):
    of_backbone = True

    def __init__(self, start: Start, mix: Change, weight: float) -> None:
        self._start, self._mix, self._weight = start, mix, weight

    def companion(self, augment: str) -> Companion:
        samples = self._start.task.samples(self._start.network.preprocessing, augment)
        return _Views(samples, self._start.train.targets, self._mix)

    def term(self, step: Step) -> Tensor:
        assert step.beside is not None, "it has a companion"
        views = step.beside.flatten(0, 1)
        logits = undistributed(step.module)(views).unflatten(0, (-1, VIEWS))
        found = jensen_shannon([step.outputs, *logits.unbind(1)])
        if found.dim() == 1:
            return self._weight * found.mean()
        known = functional.interpolate(
            (step.targets != IGNORE).unsqueeze(1).to(found.dtype), found.shape[-2:]
        ).squeeze(1)
        return self._weight * (found * known).sum() / known.sum().clamp(min=1)


class _Views:
    """From an item to two mixtures of it, each framed as the item is: uint8 tensor (2, 3, h, w)."""

    def __init__(self, samples: Samples, targets: np.ndarray, mix: Change) -> None:
        self._samples, self._targets, self._mix = samples, targets, mix

    def __call__(self, row: int, value: Any) -> Tensor:
        plain, _ = self._samples.item(value, self._targets[row])
        image = Image.fromarray(plain.permute(1, 2, 0).numpy())
        views = [torch.from_numpy(np.array(self._mix(image))) for _ in range(VIEWS)]
        return torch.stack(views).permute(0, 3, 1, 2).contiguous()


def jensen_shannon(logits: Sequence[Tensor]) -> Tensor:
    """Return how far several answers to one question are from their mean.

    ``JS(p_1; ...; p_k) = (1 / k) sum_i KL(p_i || m)`` with ``m`` the mean of the ``p_i``: between 0 where
    all agree and ``log k`` (Lin 1991; Hendrycks et al. 2020, section 3).

    Parameters
    ----------
    logits : sequence of k float tensors (n, classes, ...)

    Returns
    -------
    float tensor (n, ...)
        In nats.
    """
    log_p = torch.stack([answer.float().log_softmax(1) for answer in logits])
    log_mean = log_p.logsumexp(0) - math.log(len(logits))
    return (log_p.exp() * (log_p - log_mean)).sum(2).mean(0)
