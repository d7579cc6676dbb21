"""Symmetric cross entropy: with a term that bears wrong labels (Wang et al. 2019)."""

from functools import partial

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative, Positive
from finetrust.tuning.addition import Start, additions
from finetrust.tuning.losses.in_place import in_place_of
from finetrust.tuning.losses.loss_addition import LossAddition

LOG_OF_ZERO = -4.0
"""What the paper calls A, and defines the logarithm of a label's zero to be. Only its product with beta
counts."""


@additions.register("symmetric-cross-entropy")
class SymmetricCrossEntropy(LossAddition):
    """Cross entropy, and the reverse one in which network and label change places."""

    named = "symmetric-cross-entropy"

    alpha: Positive = Field(
        0.1, description="Factor on the cross entropy; 0.1 is the paper's for CIFAR-10."
    )
    beta: NonNegative = Field(
        1.0, description="Factor on the reverse cross entropy; 1 is the paper's for CIFAR-10."
    )

    def criterion(self, start: Start, criterion: nn.Module) -> nn.Module:
        of_class = partial(symmetric_cross_entropy, alpha=self.alpha, beta=self.beta)
        return in_place_of(criterion, of_class)


def symmetric_cross_entropy(log_p: Tensor, alpha: float, beta: float) -> Tensor:
    """Return ``-alpha * log p - beta * A * (1 - p)`` with A = -4.

    Wang, Ma, Chen, Luo, Yi & Bailey (2019), "Symmetric Cross Entropy for Robust Learning with Noisy
    Labels", ICCV, eq. 8; the reverse cross entropy of a label of one class is ``-A * (1 - p)``.

    Parameters
    ----------
    log_p : float tensor (...)
        Log-probability of the class that the label names.
    alpha, beta : float

    Returns
    -------
    tensor (...)
    """
    return -alpha * log_p + beta * LOG_OF_ZERO * torch.expm1(log_p)
