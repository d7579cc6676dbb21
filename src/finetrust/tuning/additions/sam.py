"""SAM: steps by the gradient where the loss nearby is highest, which leads to flat minima."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import Positive
from finetrust.tuning.addition import Addition, Planned, additions
from finetrust.tuning.ascent import PLACE, gradients, norm_of, refuse_scaled_gradients
from finetrust.tuning.perturbation import Perturbation

RHO = 0.05
"""The default of Foret et al. (2021, section 3.1), from a search on CIFAR."""


@additions.register("sam")
class SAM(Addition):
    """Sharpness-aware minimisation (Foret et al. 2021); a step takes twice as long."""

    place: ClassVar[str] = PLACE

    rho: Positive = Field(RHO, description="How far to look, as a distance of all weights.")

    def check(self, planned: Planned) -> None:
        refuse_scaled_gradients("sam", planned.options)

    def perturbation(self) -> Perturbation:
        return self._ascent

    def _ascent(self, parameters: Mapping[str, nn.Parameter]) -> Sequence[Tensor]:
        """Return ``rho * g / |g|`` over all parameters together, g being the gradient of the batch.

        Foret, Kleiner, Mobahi & Neyshabur (2021), "Sharpness-Aware Minimization for Efficiently
        Improving Generalization", ICLR, eq. 2 with p = 2; the gradient there is that of eq. 3.
        """
        found = gradients(parameters)
        return torch._foreach_mul(found, self.rho / norm_of(found))
