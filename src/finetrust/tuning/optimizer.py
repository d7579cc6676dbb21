"""Parameter groups, the optimiser, and the learning-rate schedule."""

import math

import torch
from torch import nn

from finetrust.config import TuneOptions
from finetrust.models.layers import layer_names
from finetrust.models.network import Network
from finetrust.tuning.strategy import Phase


def pretrained_layers(network: Network) -> list[tuple[str, ...]]:
    """Return the names of the pretrained parameters, layer by layer from input to output.

    The layers of the backbone, then those of what is pretrained in the head.
    """
    parts = [("backbone", network.backbone), ("head", network.head)]
    layers = [
        tuple(f"{prefix}.{name}" for name in names)
        for prefix, module in parts
        for _, names in layer_names(module)
    ]
    pretrained = [tuple(n for n in names if n not in network.fresh) for names in layers]
    return [names for names in pretrained if names]


def layer_rates(network: Network, phase: Phase) -> dict[str, float]:
    """Return the peak learning rate of every parameter that trains in `phase`, by its name."""
    rates = dict.fromkeys(network.fresh, phase.learning_rate)
    top_first = pretrained_layers(network)[::-1][: phase.trainable_layers]
    for depth, names in enumerate(top_first):
        rate = phase.backbone_learning_rate * phase.layer_decay**depth
        rates.update(dict.fromkeys(names, rate))
    return rates


def new_optimizer(
    parameters: dict[str, nn.Parameter], rates: dict[str, float], options: TuneOptions
) -> torch.optim.Optimizer:
    """Return the optimiser over `parameters` with one group per rate and kind of decay.

    Norms and biases (parameters of fewer than two dimensions) take no weight decay.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        decay = options.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rates[name], decay), []).append(parameter)
    listed = [
        {"params": members, "lr": rate, "peak_lr": rate, "weight_decay": decay}
        for (rate, decay), members in groups.items()
    ]
    if options.optimizer == "sgd":
        return torch.optim.SGD(listed, momentum=0.9, nesterov=True, fused=True)
    return torch.optim.AdamW(listed, fused=True)


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the factor on the peak rates at `step` of `steps`.

    Linear warm-up over the share `warmup`, then a half cosine to zero. The rate is a function of
    the step alone, so a resumed run needs no scheduler state.
    """
    rising = max(1, round(warmup * steps)) if warmup else 0
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to `factor` times its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
