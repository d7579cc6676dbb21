"""Bfloat16: 8 bits of precision instead of 24, as on the fast path of most accelerators."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.models.reason import reason
from finetrust.models.tree import Tree, mapped
from finetrust.trust.stability.numerics.variants.variant import asked, variant
from finetrust.trust.trials.bench import Bench


@variant("bf16")
def bf16(bench: Bench, rows: np.ndarray) -> Predictions:
    """Return the answers of the backbone in bf16; normalisation and head stay in fp32."""
    network = copy.deepcopy(bench.network).eval()
    network.backbone.to(torch.bfloat16)

    def answer(inputs: Tree) -> Tree:
        normalised = mapped(_to(torch.bfloat16), network.normalise(inputs))
        features = network.features_of(network.backbone(normalised))
        return network.head(mapped(_to(torch.float32), features))

    try:
        return asked(bench, rows, "bf16", answer)
    except RuntimeError as error:
        raise NotApplicable(f"the network does not run in bf16 here ({reason(error)})") from error


def _to(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    def cast(tensor: Tensor) -> Tensor:
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    return cast
