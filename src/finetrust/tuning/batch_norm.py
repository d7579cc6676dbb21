"""The running statistics of batch norm, for weights that no training step has passed through."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from finetrust.tuning.averager import Inputs


def training_norms(module: nn.Module) -> list[str]:
    """Return the names of the batch norms in `module` whose statistics change as it trains."""
    return [
        name
        for name, layer in module.named_modules()
        if isinstance(layer, _BatchNorm) and layer.training and layer.track_running_stats
    ]


@torch.no_grad()
def recompute_statistics(module: nn.Module, norms: list[str], inputs: Inputs) -> None:
    """Replace running means and variances by their plain mean over batches of training inputs.

    As :func:`torch.optim.swa_utils.update_bn` does it (Izmailov et al. 2018, section 3.2), but all
    else in evaluation mode: what dropout would do to the statistics is not so when the model
    answers. Under several processes, over the batches of all of them.

    Parameters
    ----------
    module : nn.Module
        Is in evaluation mode afterwards.
    norms : list of str
        Names of the batch norms whose statistics are replaced; the others stay as they are.
    inputs : callable
        Each batch is passed once, if there are any `norms` at all.
    """
    module.eval()
    if not norms:
        return
    from accelerate.utils import reduce

    found = (module.get_submodule(name) for name in norms)
    layers = [layer for layer in found if isinstance(layer, _BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    for batch in inputs():
        module(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.running_mean = reduce(layer.running_mean, "mean")
        layer.running_var = reduce(layer.running_var, "mean")
    module.eval()
