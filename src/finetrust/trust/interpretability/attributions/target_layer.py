"""Whether a network has a layer that class activation maps can be made of."""

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.layer_features import layer_features


def need_layer(explained: Explained, example: Tensor) -> None:
    """Raise NotApplicable if there is no target layer, or its output is no map of the example."""
    first = torch.zeros(len(example), dtype=torch.int64, device=example.device)
    layer_features(explained.network, example, first, explained.layer)
