"""Steps by the gradient at other weights than the ones that train."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Perturbation = Callable[[Mapping[str, nn.Parameter]], Sequence[Tensor]]
"""From parameters with their gradients, by name, to what is added to each of them."""


@contextmanager
def same_draws(device: torch.device) -> Iterator[None]:
    """Let what is drawn at random inside be drawn again afterwards: both passes drop the same units."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


@contextmanager
def perturbed(
    module: nn.Module, parameters: Mapping[str, nn.Parameter], perturbation: Perturbation
) -> Iterator[None]:
    """Move the parameters as their gradients say; afterwards they are bit for bit where they were.

    So are the buffers of `module`: passes inside do not count for the running statistics of batch
    norm. The gradients that are there afterwards are those of the passes inside.
    """
    tensors = [*parameters.values(), *module.buffers()]
    before = [tensor.detach().clone() for tensor in tensors]
    with torch.no_grad():
        torch._foreach_add_(list(parameters.values()), list(perturbation(parameters)))
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, before, strict=True):
                tensor.copy_(value)
