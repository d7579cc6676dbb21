"""ASAM: SAM with a neighbourhood that is as wide for each weight as the weight is large."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative, Positive
from finetrust.tuning.addition import Addition, Planned, additions
from finetrust.tuning.ascent import PLACE, gradients, norm_of, refuse_scaled_gradients
from finetrust.tuning.perturbation import Perturbation

RHO = 0.5
"""Of Kwon et al. (2021, section 5.1) on CIFAR-10, and of the authors' code; so is eta."""
ETA = 0.01


@additions.register("asam")
class ASAM(Addition):
    """Adaptive sharpness-aware minimisation (Kwon et al. 2021); a step takes twice as long."""

    place: ClassVar[str] = PLACE

    rho: Positive = Field(RHO, description="How far to look, as a share of the weights' size.")
    eta: NonNegative = Field(ETA, description="What is added to the size of each weight.")

    def check(self, planned: Planned) -> None:
        refuse_scaled_gradients("asam", planned.options)

    def perturbation(self) -> Perturbation:
        return self._ascent

    def _ascent(self, parameters: Mapping[str, nn.Parameter]) -> Sequence[Tensor]:
        """Return ``rho * T**2 g / |T g|`` with ``T = |w| + eta``, for biases ``T = 1``.

        Kwon, Kim, Park & Choi (2021), "ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant
        Learning of Deep Neural Networks", ICML, eq. 8 with p = 2 and the operator of section 3.1, in
        which scaling the weights of one layer up and of another down changes nothing but for eta.
        """
        sizes = [
            torch.ones_like(p) if name.endswith("bias") else p.detach().abs() + self.eta
            for name, p in parameters.items()
        ]
        scaled = list(torch._foreach_mul(gradients(parameters), sizes))
        length = norm_of(scaled)
        torch._foreach_mul_(scaled, sizes)
        return torch._foreach_mul(scaled, self.rho / length)
