"""Logit-adjusted loss: rare classes get a margin by how rare they are (Menon et al. 2021)."""

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative
from finetrust.tuning.addition import Start, additions
from finetrust.tuning.losses.in_place import counts_of_classes, in_place_of
from finetrust.tuning.losses.loss_addition import LossAddition


@additions.register("logit-adjusted")
class LogitAdjusted(LossAddition):
    """Cross entropy of the logits plus the log-frequencies of the classes.

    The tuned network, which answers without them, takes all classes for equally frequent. The last epoch
    is kept: accuracy on validation data with the same rare classes asks for something else.
    """

    named = "logit-adjusted"
    of_frequency = True
    keeps_last = True

    tau: NonNegative = Field(
        1.0,
        description="Factor on the log-frequencies; 0 is cross entropy, with 1 (the paper's) the "
        "balanced error is lowest.",
    )

    def criterion(self, start: Start, criterion: nn.Module) -> nn.Module:
        counts = counts_of_classes(criterion, start.train)
        return in_place_of(criterion, torch.neg, shift=adjustment(counts, self.tau))


def adjustment(counts: np.ndarray, tau: float) -> Tensor:
    """Return ``tau * log pi`` for the frequencies pi of the classes, up to a constant: 0 at most.

    Menon, Jayasumana, Rawat, Jain, Veit & Kumar (2021), "Long-Tail Learning via Logit Adjustment",
    ICLR, eq. 10.

    Parameters
    ----------
    counts : int array (k,)
        Of each class in the training data, 1 at least.
    tau : float

    Returns
    -------
    float32 tensor (k,)
    """
    return torch.tensor(tau * np.log(counts / counts.max()), dtype=torch.float32)
