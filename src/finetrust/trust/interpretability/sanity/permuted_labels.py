"""A copy of a network whose last layer learned nothing: it is fitted to labels in a random order.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, "Sanity Checks for Saliency Maps", NeurIPS 2018,
arXiv:1810.03292, section 3.3 (data randomization test), for the last layer alone: what comes before it
stays as it is.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.trust.stability.ood.knowledge import by_content
from finetrust.trust.stability.ood.passes import seen_of
from finetrust.trust.trials.bench import Bench

MOST = 2000
"""Training items to fit to at most: enough for a head that is as sure of itself as the network's own."""

_L2 = 1e-3
_STEPS = 50


def training_items(bench: Bench) -> Dataset | None:
    """Return the items whose labels are permuted; None where the last layer cannot be fitted again.

    That is where the training items are not known, or the network does not end with a linear layer on
    one row of features.
    """
    network = bench.network
    training = bench.training if isinstance(network.head, nn.Linear) else None
    if training is None or not len(training) or network.around is not None:
        return None
    return by_content(training, MOST)


def with_permuted_labels(bench: Bench, training: Dataset) -> Network:
    """Return a copy of the network on a bench with a last layer that is fitted to permuted labels."""
    seen = seen_of(bench.inference, training, bench.workers, "training items")
    labels = np.random.default_rng(bench.seed).permutation(training.targets.astype(np.int64))
    known = seen.finite
    weight, bias = fitted_head(
        torch.from_numpy(seen.features[known]), torch.from_numpy(labels[known]),
        seen.logits.shape[1],
    )  # fmt: skip
    changed = copy.deepcopy(bench.network)
    assert isinstance(changed.head, nn.Linear)
    with torch.no_grad():
        changed.head.weight.copy_(weight)
        if changed.head.bias is not None:
            changed.head.bias.copy_(bias)
    return changed


def fitted_head(features: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
    """Return a linear layer fitted by softmax regression with a small L2 penalty, by L-BFGS.

    The penalty is on the weights of standardised features.

    Parameters
    ----------
    features : float tensor (n, d)
        Its type is that of the search.
    labels : int64 tensor (n,)
        0 to classes - 1.
    n_classes : int

    Returns
    -------
    weight : float tensor (classes, d)
    bias : float tensor (classes,)
    """
    centre, spread = features.mean(dim=0), features.std(dim=0, correction=0)
    spread = spread.where(spread > 0, 1.0)
    rows = (features - centre) / spread
    with torch.inference_mode(False), torch.enable_grad():
        weight = torch.zeros(n_classes, rows.shape[1], dtype=rows.dtype, requires_grad=True)
        bias = torch.zeros(n_classes, dtype=rows.dtype, requires_grad=True)
        search = torch.optim.LBFGS(
            [weight, bias], max_iter=_STEPS, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
        )

        def loss() -> float:
            search.zero_grad()
            found = functional.cross_entropy(rows @ weight.T + bias, labels)
            found = found + _L2 / 2 * weight.square().sum()
            found.backward()
            return float(found.detach())

        search.step(loss)
    of_features = weight.detach() / spread
    return of_features, bias.detach() - of_features @ centre
