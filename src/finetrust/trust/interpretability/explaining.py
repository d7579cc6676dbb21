"""Explaining the answers of a bench's network: which items, for which class, by which method."""

from dataclasses import dataclass

import numpy as np
import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.nearest import did_you_mean
from finetrust.trust.accuracy.probabilities import has_answer
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.candidates import candidate_names, candidates
from finetrust.trust.interpretability.randomisation import ExplainNetwork
from finetrust.trust.interpretability.spatial_layer import find_layer
from finetrust.trust.trials.bench import Bench

AT_ONCE = 64
"""Images to explain at a time."""


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


@dataclass(frozen=True)
class Explainable:
    """What can be tried on the network of a bench.

    Parameters
    ----------
    methods : tuple of str
        Attribution methods that apply, the most sensible first.
    layer : str or None
        Name of the layer that class activation maps are made of.
    """

    methods: tuple[str, ...]
    layer: str | None

    @property
    def passes(self) -> int:
        """What it costs to explain an item by every method, in forward passes."""
        return sum(attributions.get(method).passes for method in self.methods)

    @property
    def mean_passes(self) -> int:
        """What it costs by a method of which it is not yet known which it is."""
        return -(-self.passes // len(self.methods))


def explainable(bench: Bench) -> Explainable:
    """Return the attribution methods that apply to the network, and the layer that they look at.

    Raises
    ------
    NotApplicable
        If its inputs are no images of one size, its outputs no logits of classes, or no method applies.
    UserError
        If the user names a layer that there is not.
    """
    bench.require_rows_of_logits()
    bench.require_pixels()
    example = bench.inference.preprocessing.example(1).to(bench.network.device)
    layer = layer_name(bench.network, example, bench.options.target_layer)
    at = None if layer is None else bench.network.get_submodule(layer)
    names = candidate_names(bench.options.attributions, bench.effort.name)
    return Explainable(tuple(candidates(Explained(bench.network, at), example, names)), layer)


def layer_name(network: nn.Module, example: Tensor, named: str | None = None) -> str | None:
    """Return the name of the layer that is explained; None where the network has none.

    Parameters
    ----------
    network : nn.Module
    example : float tensor (1, 3, h, w)
    named : str, optional
        What the user asks for: a name in the network, or in its backbone.

    Raises
    ------
    UserError
        If the network has no layer of that name.
    """
    modules = dict(network.named_modules())
    if named is not None:
        found = next((name for name in (named, f"backbone.{named}") if name in modules), None)
        if found is None:
            raise UserError(
                f"target layer '{named}': the network has none of that name",
                did_you_mean(named, modules) or "Leave --target-layer out.",
            )
        return found
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


def maps_of(
    explain: ExplainNetwork,
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    seeds: Tensor,
    at_once: int = AT_ONCE,
) -> Tensor:
    """Return heat maps of any number of images, so many at a time.

    A batch for which memory does not suffice is halved until it does.

    Returns
    -------
    float32 tensor (n, h, w)
    """
    found = images.new_empty(len(images), *images.shape[-2:], dtype=torch.float32)
    start = 0
    while start < len(images):
        part = slice(start, start + at_once)
        try:
            found[part] = explain(network, images[part], targets[part], seeds[part])
        except RuntimeError as error:
            if at_once == 1 or not should_reduce_batch_size(error):
                raise
            at_once = (at_once + 1) // 2
        else:
            start += at_once
    return found
