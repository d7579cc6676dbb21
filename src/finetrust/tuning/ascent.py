"""What sharpness-aware steps have in common: the direction in which the loss of a batch rises."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError

PLACE = "sharpness-aware step"
_TINY = 1e-12
"""Where the gradient is zero, nothing is to be moved."""


def gradients(parameters: Mapping[str, nn.Parameter]) -> list[Tensor]:
    """Return the gradient of each parameter; zeros where it has taken no part."""
    return [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters.values()]


def norm_of(tensors: list[Tensor]) -> Tensor:
    """Return the Euclidean norm of all numbers in `tensors` together, as a tensor () above zero."""
    return torch.stack(torch._foreach_norm(tensors)).norm().clamp(min=_TINY)


def refuse_scaled_gradients(name: str, options: TuneOptions) -> None:
    """Raise UserError for a precision whose scaled gradients can overflow between the two passes."""
    if options.precision == "fp16":
        raise UserError(
            f"{name} does not go with --precision fp16, whose gradients may overflow between its two "
            "passes",
            "Choose --precision bf16 or fp32.",
        )
