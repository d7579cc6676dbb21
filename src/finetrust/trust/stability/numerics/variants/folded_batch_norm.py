"""Folded batch norm: merged into the convolution before it, as most servers of networks do."""

import copy

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.models.inference import fold_batch_norm
from finetrust.models.tree import to_device
from finetrust.trust.stability.numerics.variants.variant import asked, variant
from finetrust.trust.trials.bench import Bench


@variant("folded_batch_norm")
def folded_batch_norm(bench: Bench, rows: np.ndarray) -> Predictions:
    """Return the answers of the network with its batch norms folded."""
    network = copy.deepcopy(bench.network).eval().requires_grad_(False)
    example = to_device(network.preprocessing.example(2), network.device)
    if not fold_batch_norm(network.backbone, network.normalise(example)):
        raise NotApplicable("no batch norm of the network directly follows a convolution")
    return asked(bench, rows, "folded batch norm", network)
