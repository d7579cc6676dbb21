"""Projected gradient descent: the inner maximisation of adversarial training, in the largest change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.data.images.image_kind import IMAGES
from finetrust.models.tree import Tree, leaves, mapped
from finetrust.tasks.detection import Detection
from finetrust.tuning.accelerator import undistributed
from finetrust.tuning.addition import Planned

PLACE = "adversarial training"
EPSILON = 4 / 255
"""Of the published leader board for ImageNet (Croce et al. 2021, "RobustBench"), and the size at which
``finetrust evaluate`` judges robustness."""
REACH = 2.5
"""How far all steps together go, in multiples of epsilon (Madry et al. 2018, appendix)."""


def _quotient(value: Any) -> Any:
    if not (isinstance(value, str) and "/" in value):
        return value
    try:
        return float(Fraction(value.replace(" ", "")))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("no fraction such as 8/255") from error


ColourChange = Annotated[float, BeforeValidator(_quotient), Field(ge=0, lt=1, allow_inf_nan=False)]
"""A change of colour values in [0, 1]; a fraction such as ``8/255`` is taken, too."""


def pgd(
    rise: Callable[[Tree], Tensor],
    images: Tree,
    start: Tree,
    epsilon: float,
    steps: int,
    step_size: float,
) -> Tree:
    """Return images in the L-inf ball around others for which a function is high.

    Madry, Makelov, Schmidt, Tsipras & Vladu (2018), "Towards Deep Learning Models Resistant to
    Adversarial Attacks", ICLR, section 2.1: ``x <- Proj(x + step_size * sign(gradient))``, the projection
    being onto what is within `epsilon` of the image and in [0, 1].

    Parameters
    ----------
    rise : callable
        From images to the number that is driven up; the gradients of weights are left alone.
    images : float tensor (n, 3, h, w), or list of tensors (3, h, w)
        In [0, 1].
    start : as `images`
        Where the first step is made from, once it is projected.
    epsilon : float
        The largest change of a colour value.
    steps : int
    step_size : float

    Returns
    -------
    as `images`
        In [0, 1]; takes no gradients.
    """
    around = leaves(images)

    def projected(points: list[Tensor]) -> list[Tensor]:
        return [
            point.detach().clamp(image - epsilon, image + epsilon).clamp(0, 1)
            for point, image in zip(points, around, strict=True)
        ]

    points = projected(leaves(start))
    for _ in range(steps):
        for point in points:
            point.requires_grad_()
        with torch.enable_grad():
            gradients = torch.autograd.grad(rise(_like(images, points)), points)
        points = projected(
            [
                point + step_size * gradient.sign()
                for point, gradient in zip(points, gradients, strict=True)
            ]
        )
    return _like(images, points)


def drawn_within(images: Tree, epsilon: float) -> Tree:
    """Return images with each colour value moved by up to `epsilon`, evenly drawn."""
    return mapped(lambda image: image + torch.empty_like(image).uniform_(-epsilon, epsilon), images)


@contextmanager
def at_rest(module: nn.Module) -> Iterator[nn.Module]:
    """Put all parts of a module into evaluation mode for as long as it is attacked.

    So batch norm answers by its running statistics and does not take in what is tried, and nothing is
    dropped. The module's own flag stays, lest a network reads large images window by window.

    Yields
    ------
    nn.Module
        The module itself, without what synchronises the gradients of its weights: those are not
        computed.
    """
    plain = undistributed(module)
    modes = [(part, part.training) for part in plain.modules()]
    for part in plain.children():
        part.eval()
    try:
        yield plain
    finally:
        for part, training in modes:
            part.training = training


def check_attack(name: str, planned: Planned) -> None:
    """Raise UserError where inputs cannot be attacked, or it would change nothing that trains."""
    task = planned.task
    if task.kind is not IMAGES or isinstance(task, Detection):
        raise UserError(
            f"{name} changes the pixels of images under one loss, and this task is "
            f"{task.pipeline or 'another'}",
            f"Leave {name} out.",
        )
    if not planned.trains_backbone:
        raise UserError(
            f"{name} cannot work where the backbone stays frozen, for then its features are fixed",
            f"Choose a strategy that trains it, such as 'full + {name}'.",
        )


def _like(images: Tree, parts: list[Tensor]) -> Tree:
    return parts[0] if isinstance(images, Tensor) else parts
