"""Channels-last: the same numbers in another order in memory, for which other kernels are chosen."""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.models.tree import Tree, mapped
from finetrust.trust.stability.numerics.variants.variant import asked, variant
from finetrust.trust.trials.bench import Bench


@variant("channels_last")
def channels_last(bench: Bench, rows: np.ndarray) -> Predictions:
    """Return the answers with weights and images in channels-last order."""
    if not any(isinstance(layer, nn.Conv2d) for layer in bench.network.modules()):
        raise NotApplicable("the network has no convolution of images")
    network = copy.deepcopy(bench.network).eval().to(memory_format=torch.channels_last)

    def answer(inputs: Tree) -> Tree:
        return network(mapped(_reordered, inputs))

    return asked(bench, rows, "channels-last", answer)


def _reordered(tensor: Tensor) -> Tensor:
    if tensor.ndim != 4:
        return tensor
    return tensor.contiguous(memory_format=torch.channels_last)
