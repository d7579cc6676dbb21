"""Parameter groups of the optimiser, and the learning-rate schedule."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from finetrust.models.layers import layer_names
from finetrust.models.network import Network
from finetrust.tuning.strategy import Phase


def pretrained_layers(network: Network) -> list[tuple[str, ...]]:
    """Return the names of the pretrained parameters, layer by layer from input to output."""
    return list(pretrained_blocks(network).values())


def pretrained_blocks(network: Network) -> dict[str, tuple[str, ...]]:
    """Return the names of the pretrained parameters of each layer, by its name, from input to output.

    The layers of the backbone, then those of what is pretrained in the head.
    """
    blocks = {
        f"{part}.{layer}": tuple(
            name for n in names if (name := f"{part}.{n}") not in network.fresh
        )
        for part, module in (("backbone", network.backbone), ("head", network.head))
        for layer, names in layer_names(module)
    }
    return {block: names for block, names in blocks.items() if names}


def layer_rates(
    network: Network, phase: Phase, trains: frozenset[str] | None = None
) -> dict[str, float]:
    """Return the peak learning rate of every parameter that trains in `phase`, by its name.

    Parameters
    ----------
    network : Network
    phase : Phase
    trains : frozenset of str, optional
        Names of the pretrained parameters that may train; all if not given.
    """
    rates = dict.fromkeys(network.fresh, phase.learning_rate)
    top_first = pretrained_layers(network)[::-1][: phase.trainable_layers]
    for depth, names in enumerate(top_first):
        rate = phase.backbone_learning_rate * phase.layer_decay**depth
        rates.update(dict.fromkeys((n for n in names if trains is None or n in trains), rate))
    return rates


def parameter_groups(
    parameters: dict[str, nn.Parameter], rates: dict[str, float], weight_decay: float
) -> list[dict[str, Any]]:
    """Return `parameters` as an optimiser takes them, one group per rate and kind of decay.

    Vectors, whatever their shape, take no weight decay: norms, biases, a factor per channel.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        is_vector = parameter.numel() <= max(parameter.shape, default=1)
        decay = 0.0 if is_vector else weight_decay
        groups.setdefault((rates[name], decay), []).append(parameter)
    return [
        {"params": members, "lr": rate, "peak_lr": rate, "weight_decay": decay}
        for (rate, decay), members in groups.items()
    ]


@dataclass(frozen=True)
class Schedule:
    """The factor on the peak rates over the steps of a phase.

    Linear warm-up, then a half cosine, then the rate it ends with. The rate is a function of the
    step alone, so a resumed run needs no state of it.

    Parameters
    ----------
    warmup : float
        Share of the steps with a rising rate.
    until : float
        Share of the steps after which the cosine ends.
    last : float
        Factor that it ends with.
    """

    warmup: float
    until: float = 1.0
    last: float = 0.0

    def factor(self, step: int, steps: int) -> float:
        """Return the factor at `step` of `steps`."""
        rising = max(1, round(self.warmup * steps)) if self.warmup else 0
        if step < rising:
            return (step + 1) / rising
        falling = max(1, round(self.until * steps) - rising)
        share = 0.5 * (1 + math.cos(math.pi * min(step - rising, falling) / falling))
        return self.last + (1 - self.last) * share


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to `factor` times its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
