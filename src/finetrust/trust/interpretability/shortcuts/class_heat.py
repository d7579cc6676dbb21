"""Heat maps of items for their own class, by the method that explains the model, where it is cheap."""

import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.attributions.attribution import attributions
from finetrust.trust.interpretability.choice import chosen_method
from finetrust.trust.interpretability.explaining import explainer, layer_name, maps_of
from finetrust.trust.trials.bench import Bench

MOST_PASSES = 6
"""For an item; a dearer method costs more than the search itself."""


def class_heat(bench: Bench, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor | None:
    """Return heat maps of images for their targets, or None where the chosen method is dear.

    Parameters
    ----------
    bench : Bench
        On which the trial of explanations was held.
    images : float tensor (n, 3, h, w)
    targets, seeds : int64 tensor (n,)

    Returns
    -------
    float32 tensor (n, h, w) or None
    """
    method = chosen_method(bench.found)
    if method is None or attributions.get(method).passes > MOST_PASSES:
        return None
    layer = layer_name(bench.network, images[:1], bench.options.target_layer)
    try:
        with torch.enable_grad():
            return maps_of(explainer(method, layer), bench.network, images, targets, seeds)
    except NotApplicable:
        return None
