"""Explaining the answers of a bench's network: which items, for which class, by which method."""

import numpy as np
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.nearest import did_you_mean
from finetrust.trust.accuracy.probabilities import has_answer
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.randomisation import ExplainNetwork
from finetrust.trust.interpretability.spatial_layer import find_layer
from finetrust.trust.trials.bench import Bench


def answered_rows(bench: Bench, costly: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a sample about which the model has an answer, and the answers.

    Returns
    -------
    int64 array (n,)
        Rows of the bench's data.
    int64 array (n,)
        Predicted classes: what explanations are made for.
    """
    rows = bench.sample(costly)
    logits = bench.clean["logits"][rows]
    known = has_answer(logits)
    return rows[known], logits[known].argmax(1).astype(np.int64)


def layer_name(network: nn.Module, example: Tensor, named: str | None = None) -> str | None:
    """Return the name of the layer that is explained; None where the network has none.

    Parameters
    ----------
    network : nn.Module
    example : float tensor (1, 3, h, w)
    named : str, optional
        What the user asks for.

    Raises
    ------
    UserError
        If the network has no layer of that name.
    """
    modules = dict(network.named_modules())
    if named is not None:
        if named not in modules:
            raise UserError(
                f"target layer '{named}': the network has none of that name",
                did_you_mean(named, modules) or "Leave --target-layer out.",
            )
        return named
    try:
        layer = find_layer(network, example)
    except NotApplicable:
        return None
    return next(name for name, module in modules.items() if module is layer)


def explainer(method: str, layer: str | None = None) -> ExplainNetwork:
    """Return what explains any copy of a network by `method`, at the layer of that name."""
    chosen = attributions.get(method)

    def explain(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        at = None if layer is None else network.get_submodule(layer)
        return chosen(Explained(network, at, seeds=seeds), images, targets)

    return explain
