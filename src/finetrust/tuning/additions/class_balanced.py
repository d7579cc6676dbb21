"""Class-balanced loss: classes count by their effective number of items (Cui et al. 2019)."""

from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.core.progress import say
from finetrust.tuning.addition import Start, additions
from finetrust.tuning.losses.in_place import counts_of_classes, in_place_of
from finetrust.tuning.losses.loss_addition import LossAddition

_ALIKE = 1.01


@additions.register("class-balanced")
class ClassBalanced(LossAddition):
    """Cross entropy times a factor for each class, which is 1 on average over the training data.

    The last epoch is kept: accuracy on validation data with the same rare classes asks for something
    else.
    """

    named = "class-balanced"
    of_frequency = True
    keeps_last = True

    beta: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.999,
        description="A class of n items counts as (1 - beta**n) / (1 - beta) of them: 0 is cross "
        "entropy, towards 1 all classes weigh the same in sum. The paper tries 0.9 to 0.9999.",
    )

    def criterion(self, start: Start, criterion: nn.Module) -> nn.Module:
        counts = counts_of_classes(criterion, start.train)
        factors = class_factors(counts, self.beta)
        if self.beta and factors.max() < _ALIKE * factors.min():
            say(
                f"class-balanced: all classes weigh alike, for the rarest occurs {counts.min()} times; "
                "a higher beta tells more frequent ones apart."
            )
        return in_place_of(criterion, torch.neg, factor=factors)


def class_factors(counts: np.ndarray, beta: float) -> Tensor:
    """Return factors on the loss of each class in proportion to ``(1 - beta) / (1 - beta**n)``.

    Cui, Jia, Lin, Song & Belongie (2019), "Class-Balanced Loss Based on Effective Number of Samples",
    CVPR, eq. 10. There the factors add up to the number of classes; here they are 1 on average over
    the training data, so that the loss keeps its size where most classes are rare.

    Parameters
    ----------
    counts : int array (k,)
        Of each class in the training data, 1 at least.
    beta : float
        At least 0 and less than 1.

    Returns
    -------
    float32 tensor (k,)
    """
    with np.errstate(divide="ignore"):
        factors = (1 - beta) / -np.expm1(counts * np.log(beta))
    return torch.tensor(factors * counts.sum() / (factors * counts).sum(), dtype=torch.float32)
