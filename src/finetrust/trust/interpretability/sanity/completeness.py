"""Does a map add up to what its method promises: the logit less that of the baselines.

Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, proposition 1; Lundberg &
Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017, property 1 (local accuracy).
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.attributions.baselines import black_and_white, mean_colour
from finetrust.trust.interpretability.spatial_layer import evaluating

Baselines = Callable[[Explained, Tensor], Tensor]

PROMISES: Mapping[str, Baselines] = {
    "integrated_gradients": black_and_white,
    "gradient_shap": black_and_white,
    "kernel_shap": mean_colour,
}
"""The methods whose maps add up, and the baselines that they are compared with."""


def completeness_errors(
    method: str, network: nn.Module, maps: Tensor, images: Tensor, targets: Tensor
) -> Tensor:
    """Return by how much each map misses its promise, as a share of what it promises.

    ``|sum of the map - (f(x) - mean f(b))| / |f(x) - mean f(b)|`` for the target's logit f and the
    baselines b.

    Parameters
    ----------
    method : str
        One of ``PROMISES``.
    network : nn.Module
    maps : float tensor (n, h, w)
    images : float tensor (n, 3, h, w)
    targets : int64 tensor (n,)

    Returns
    -------
    float64 tensor (n,)
        NaN where a map or a logit is not finite, or nothing is promised: both logits are the same.
    """
    with evaluating(network), torch.no_grad():

        def logits(points: Tensor) -> Tensor:
            return network(points).gather(1, targets[:, None])[:, 0].double()

        baselines = PROMISES[method](Explained(network), images)
        promised = logits(images) - torch.stack([logits(b) for b in baselines]).mean(dim=0)
    missed = (maps.double().sum(dim=(1, 2)) - promised).abs() / promised.abs()
    return missed.where(missed.isfinite() & (promised != 0), torch.nan)
