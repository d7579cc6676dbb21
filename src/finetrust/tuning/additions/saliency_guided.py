"""Saliency-guided: the answer may not depend on pixels outside the object (Ross et al. 2017)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from finetrust.config import NonNegative
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly
from finetrust.data.dataset import Dataset
from finetrust.data.images.augmentations.augment import read_augment
from finetrust.data.objects.objects import Objects, open_objects
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.classification import Classification
from finetrust.tuning.addition import Addition, Companion, Penalty, Planned, Start, Step, additions
from finetrust.tuning.augmented_mask import augmented_mask

WEIGHT = 1e-2
"""The paper asks for a penalty of the order of the loss. With this one it was a twentieth to a sixth of the
loss in the first epoch where small networks were tuned on CIFAR-10 with a mark in a corner."""
_TINY = 1e-30


@additions.register("saliency-guided")
class SaliencyGuided(Addition):
    """Penalty on the gradient of the log-probabilities by the pixels outside the object."""

    heeds = frozenset({"object_masks"})

    weight: NonNegative = Field(
        WEIGHT, description="Factor on the penalty; for its unit see :func:`outside_penalty`."
    )

    def check(self, planned: Planned) -> None:
        options = planned.options
        if not isinstance(planned.task, Classification):
            raise UserError(
                "saliency-guided keeps the classes of images on their objects, and this task is "
                f"{planned.task.pipeline or 'another'}",
                "Leave saliency-guided out.",
            )
        if options.object_masks is None:
            raise UserError(
                "saliency-guided needs to know where the objects are",
                "Give their masks or boxes with --object-masks.",
            )
        if planned.mixing:
            raise UserError(
                f"saliency-guided and {planned.mixing}: a mixed image has the objects of two",
                "Leave one of them out.",
            )
        for phase in planned.phases:
            read_augment(phase.augment).steps_of_mask()
        if not planned.trains_backbone:
            raise UserError(
                "saliency-guided has no effect where the backbone stays frozen: which pixels a "
                "feature depends on is then fixed",
                "Choose a strategy that trains it, such as 'full + saliency-guided'.",
            )
        with quietly():
            _objects(options.object_masks, planned.dataset)

    def penalty(self, start: Start) -> Penalty | None:
        if not self.weight:
            return None
        assert start.options.object_masks is not None, "it was checked"
        objects, rows = _objects(start.options.object_masks, start.train)
        objects.check_sizes(objects.marked)
        known = np.isin(rows, objects.marked).mean()
        preprocessing = start.network.preprocessing
        assert isinstance(preprocessing, Preprocessing), "of images"
        return _Outside(objects, rows, preprocessing, self.weight / known)


class _Outside(Penalty):
    """The weighted penalty, or as much of it as the loss itself.

    How large it is depends on how sure the network is: after a probe that was trained to the end it
    can be hundreds of times the loss, and would then undo what was learnt. So in every pass the weight
    is lowered to the one with which both are equal, where it is above.
    """

    of_inputs = True

    def __init__(
        self, objects: Objects, rows: np.ndarray, preprocessing: Preprocessing, weight: float
    ) -> None:
        self._objects, self._rows, self._preprocessing = objects, rows, preprocessing
        self._weight = weight

    def companion(self, augment: str) -> Companion:
        return _Outsides(self._objects, self._rows, augmented_mask(self._preprocessing, augment))

    def term(self, step: Step) -> Tensor:
        assert step.beside is not None, "it has a companion"
        term = self._weight * outside_penalty(step.outputs, step.inputs, step.beside).mean()
        return term * (step.loss / term.detach().clamp(min=_TINY)).clamp(max=1)


class _Outsides:
    """From an item to the pixels outside its object: bool tensor (h, w).

    None where nothing is known of it, or its mask names no object.
    """

    def __init__(
        self, objects: Objects, rows: np.ndarray, moved: Callable[[np.ndarray], Tensor]
    ) -> None:
        self._objects, self._rows, self._moved = objects, rows, moved

    def __call__(self, row: int, value: Any) -> Tensor:
        mask = self._mask(int(self._rows[row]), value.size)
        object_ = self._moved(mask)
        return ~object_ if mask.any() else torch.zeros_like(object_)

    def _mask(self, row: int, size: tuple[int, int]) -> np.ndarray:
        name = self._objects.names[row]
        if name is None:
            return np.zeros(size[::-1], bool)
        try:
            return self._objects.marks.read(name, size)
        except UserError as error:
            raise OSError(error.found) from error


def outside_penalty(logits: Tensor, images: Tensor, outside: Tensor) -> Tensor:
    """Return how much the log-probabilities depend on the pixels outside the object, image by image.

    Ross, Hughes & Doshi-Velez (2017), "Right for the Right Reasons: Training Differentiable Models by
    Constraining their Explanations", IJCAI, eq. 1: ``sum_d (A_d * d/dx_d sum_k log p_k)**2``, here
    times ``d / K**2`` for images of d numbers and K classes. That is the square of the most by which
    the mean log-probability can change, to first order, where numbers outside the object change by 1
    in the root mean square over the image. It does not grow with the number of classes, nor shrink as
    the resolution grows, so that one weight does for many networks.

    Parameters
    ----------
    logits : tensor (n, classes)
        Of `images`, with the graph that leads to them.
    images : tensor (n, channels, h, w)
        Pixels in [0, 1] that take gradients.
    outside : bool tensor (n, h, w)
        The matrix A: true where a gradient is not wanted.

    Returns
    -------
    tensor (n,)
        In nats squared; can be differentiated again.
    """
    with torch.autocast(images.device.type, enabled=False):
        log_p = functional.log_softmax(logits.float(), dim=1).mean(1).sum()
        (gradient,) = torch.autograd.grad(log_p, images, create_graph=True)
        squares = (gradient.square().sum(1) * outside).flatten(1).sum(1)
    return squares * images[0].numel()


def _objects(source: str, dataset: Dataset) -> tuple[Objects, np.ndarray]:
    """Return where the objects are, and for each item its row there: int64 (n,).

    Copies of an item, of which all but the first are numbered behind a ``#``, share its mask.
    """
    first = {name: row for row, name in enumerate(dataset.ids)}
    origin = [first.get(name.rpartition("#")[0], row) for row, name in enumerate(dataset.ids)]
    kept, rows = np.unique(origin, return_inverse=True)
    return open_objects(source, dataset.take(kept)), rows.astype(np.int64)
