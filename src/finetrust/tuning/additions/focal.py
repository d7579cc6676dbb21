"""Focal loss: what is answered well already counts little (Lin et al. 2017)."""

from functools import partial

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative
from finetrust.tuning.addition import Start, additions
from finetrust.tuning.losses.in_place import in_place_of
from finetrust.tuning.losses.loss_addition import LossAddition


@additions.register("focal")
class Focal(LossAddition):
    """Focal loss of the softmax; with ``--class-weights balanced`` the paper's eq. 5."""

    named = "focal"

    gamma: NonNegative = Field(
        2.0,
        description="How fast the loss falls as the class becomes probable; 0 is cross entropy, the "
        "paper found 2 to work best.",
    )

    def criterion(self, start: Start, criterion: nn.Module) -> nn.Module:
        return in_place_of(criterion, partial(focal, gamma=self.gamma))


def focal(log_p: Tensor, gamma: float) -> Tensor:
    """Return ``-(1 - p)**gamma * log p``.

    Lin, Goyal, Girshick, He & Dollar (2017), "Focal Loss for Dense Object Detection", ICCV, eq. 4.

    Parameters
    ----------
    log_p : float tensor (...)
        Log-probability of the true class.
    gamma : float
        At least 0.

    Returns
    -------
    tensor (...)
        In nats.
    """
    # A power below 1 has no finite derivative at p = 1.
    missing = (-torch.expm1(log_p)).clamp(min=torch.finfo(log_p.dtype).tiny)
    return -(missing**gamma) * log_p
