"""Generalised cross entropy: wrong labels pull less, for they stay improbable (Zhang & Sabuncu 2018)."""

from functools import partial
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.tuning.addition import Start, additions
from finetrust.tuning.losses.in_place import in_place_of
from finetrust.tuning.losses.loss_addition import LossAddition


@additions.register("generalised-cross-entropy")
class GeneralisedCrossEntropy(LossAddition):
    """Between cross entropy, which learns fast, and mean absolute error, which bears wrong labels."""

    named = "generalised-cross-entropy"

    q: Annotated[float, Field(gt=0, le=1)] = Field(
        0.7,
        description="Towards 0 it is cross entropy, at 1 half the mean absolute error; the paper "
        "takes 0.7 throughout.",
    )

    def criterion(self, start: Start, criterion: nn.Module) -> nn.Module:
        return in_place_of(criterion, partial(generalised_cross_entropy, q=self.q))


def generalised_cross_entropy(log_p: Tensor, q: float) -> Tensor:
    """Return ``(1 - p**q) / q``.

    Zhang & Sabuncu (2018), "Generalized Cross Entropy Loss for Training Deep Neural Networks with
    Noisy Labels", NeurIPS, eq. 6.

    Parameters
    ----------
    log_p : float tensor (...)
        Log-probability of the class that the label names.
    q : float
        More than 0 and at most 1.

    Returns
    -------
    tensor (...)
    """
    return -torch.expm1(q * log_p) / q
