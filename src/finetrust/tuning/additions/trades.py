"""TRADES: answers may not change where an image is changed a little (Zhang et al. 2019)."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from finetrust.config import Count, NonNegative
from finetrust.core.errors import UserError
from finetrust.models.tree import Tree, mapped
from finetrust.models.unit_interval import in_unit_interval
from finetrust.tasks.classification import Classification
from finetrust.tasks.segmentation import Segmentation
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, Step, additions
from finetrust.tuning.attack import (
    EPSILON,
    PLACE,
    REACH,
    ColourChange,
    at_rest,
    check_attack,
    pgd,
)

BETA = 6.0
"""1 / lambda of the model with which the authors won on CIFAR-10 (section 5.2; they advise 1 to 10)."""
STEPS = 10
"""Those of the authors' code for CIFAR-10."""
START = 1e-3
"""Deviation of the noise that their attack starts from: at the image itself the divergence has no
slope."""


@additions.register("trades")
class Trades(Addition):
    """Penalty on the divergence between the answers for an image and for its worst neighbour.

    Zhang, Yu, Jiao, Xing, El Ghaoui & Jordan (2019), "Theoretically Principled Trade-off between
    Robustness and Accuracy", ICML, eq. 5 and algorithm 1, in L-inf: beside the loss of the image as it
    is, ``beta * max_{|d| <= epsilon} KL(f(x) || f(x + d))``; see :func:`divergence`. It knows no labels,
    so it goes with any loss and with mixing. The attack is made with the network in evaluation mode
    (:func:`finetrust.tuning.attack.at_rest`), as in the authors' code; the pass that counts is one in
    training. The last epoch is kept.
    """

    place: ClassVar[str] = PLACE
    keeps_last: ClassVar[bool] = True

    beta: NonNegative = Field(BETA, description="Weight of the divergence.")
    epsilon: ColourChange = Field(
        EPSILON, description="Largest change of a colour value in [0, 1], e.g. 8/255."
    )
    steps: Count = Field(STEPS, description="Steps of the attack; each costs about a pass.")
    step_size: ColourChange | None = Field(
        None, description="Change in one step. [default: 2.5 * epsilon / steps]"
    )

    def check(self, planned: Planned) -> None:
        check_attack("trades", planned)
        if not isinstance(planned.task, Classification | Segmentation):
            raise UserError(
                "trades compares probabilities of classes, and this task is "
                f"{planned.task.pipeline or 'another'}",
                "Choose adversarial, which raises the loss itself.",
            )

    def penalty(self, start: Start) -> Penalty | None:
        if not (self.beta and self.epsilon):
            return None
        size = REACH * self.epsilon / self.steps if self.step_size is None else self.step_size
        return _Trades(self.beta, self.epsilon, self.steps, size)


class _Trades(Penalty):
    of_backbone = True

    def __init__(self, beta: float, epsilon: float, steps: int, step_size: float) -> None:
        self._beta, self._epsilon, self._steps, self._size = beta, epsilon, steps, step_size

    def term(self, step: Step) -> Tensor:
        images = mapped(_pixels, step.inputs)
        start = mapped(lambda image: image + START * torch.randn_like(image), images)
        with at_rest(step.module) as plain:
            with torch.no_grad():
                clean = plain(images)
            # The sum, not the mean: what is small may vanish in half precision.
            points: Tree = pgd(
                lambda points: divergence(clean, plain(points)).sum(),
                images,
                start,
                self._epsilon,
                self._steps,
                self._size,
            )
        return self._beta * divergence(step.outputs, plain(points)).mean()


def divergence(clean: Tensor, adversarial: Tensor) -> Tensor:
    """Return ``KL(softmax(clean) || softmax(adversarial))``.

    Gradients flow through both, as in the authors' code.

    Parameters
    ----------
    clean, adversarial : float tensor (n, classes, ...)
        Logits for images and for what was made of them.

    Returns
    -------
    float tensor (n, ...)
        In nats, of each item, or of each pixel of a segmentation.
    """
    log_p, log_q = clean.float().log_softmax(1), adversarial.float().log_softmax(1)
    return (log_p.exp() * (log_p - log_q)).sum(1)


def _pixels(image: Tensor) -> Tensor:
    """Return pixels as floats in [0, 1] that take no gradients."""
    return in_unit_interval(image).detach()
