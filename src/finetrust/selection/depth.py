"""Scores over depth: how well a linear probe does on what each layer yields, and what follows for tuning.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes", 2016,
arXiv:1610.01644. The last layers of a pretrained network often know its own classes rather than the
data's (Yosinski, Clune, Bengio & Lipson, "How transferable are features in deep neural networks?",
NIPS 2014): where the probe is better below, the layers above have the most to unlearn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.models.layers import layer_names
from finetrust.models.layout import layout_of
from finetrust.models.maps import tensor_of
from finetrust.models.network import Network
from finetrust.models.tree import Tree, to_device
from finetrust.selection.estimate import Figure
from finetrust.selection.judge import Judge

ITEMS = 400
MOST_LAYERS = 12


@dataclass(frozen=True)
class LayerPoint:
    """What a probe on one layer says.

    Parameters
    ----------
    name : str
    layer : int
        Its place among the layers of the backbone, from 1.
    accuracy, low, high : float
        Of the cross-validated probe on its output, averaged over places or tokens; 95 % interval.
        Of numbers: the share of the variance that the probe explains.
    """

    name: str
    layer: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Depth:
    """The probe over depth.

    Parameters
    ----------
    points : tuple of LayerPoint
        From input to output; at most ``MOST_LAYERS``, taken evenly.
    layers : int
        How many layers the backbone has.
    n : int
        Items that the probe was asked about.
    best : str
        The layer with the highest accuracy.
    cut : str
        The first layer that is no worse than the best by more than a standard error (Breiman et al.
        1984, section 3.4.3): what stands above it can be cut off.
    train_top : int
        How many layers stand above ``cut``: those to train first, while the rest is frozen.
    """

    points: tuple[LayerPoint, ...]
    layers: int
    n: int
    best: str
    cut: str
    train_top: int

    def to_dict(self) -> dict[str, Any]:
        """Return the points and what follows as JSON values."""
        return asdict(self)


def depth_of(
    network: Network, inference: Inference, dataset: Dataset, judge: Judge, seed: int
) -> Depth:
    """Probe the layers of a backbone on at most ``ITEMS`` items.

    Parameters
    ----------
    network : Network
        In evaluation mode; its inputs are those of `inference`.
    inference : Inference
    dataset : Dataset (n,)
    judge : Judge
        Of one observation an item.
    seed : int

    Raises
    ------
    NotApplicable
        If no layer's output could be read, or there are too few items.
    """
    order = np.random.default_rng(seed).permutation(len(dataset))
    rows = np.sort(order[:ITEMS])
    outputs = layer_outputs(network, inference, dataset.take(rows))
    names = [name for name, _ in layer_names(network.backbone)]
    found: dict[str, Figure] = {}
    for name, features in outputs.items():
        if np.isfinite(features).all() and np.ptp(features):
            found[name] = judge.of_layer(features, rows)
    if not found:
        raise NotApplicable("no layer yields maps, tokens or rows of features")
    best = max(found.values(), key=_value)
    points = [_point(name, names.index(name) + 1, figure) for name, figure in found.items()]
    return summary(points, len(names), best.n, judge.standard_error(best))


def summary(points: Sequence[LayerPoint], layers: int, n: int, error: float) -> Depth:
    """Return the points with the best layer, and the first that is about as good.

    Parameters
    ----------
    points : sequence of LayerPoint
    layers, n : int
    error : float
        Standard error of the accuracy of the best.
    """
    best = max(points, key=lambda point: point.accuracy)
    cut = next(point for point in points if point.accuracy >= best.accuracy - error)
    return Depth(tuple(points), layers, n, best.name, cut.name, layers - cut.layer)


def _value(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


def _point(name: str, layer: int, figure: Figure) -> LayerPoint:
    assert figure.low is not None
    assert figure.high is not None
    return LayerPoint(name, layer, _value(figure), figure.low, figure.high)


@torch.inference_mode()
def layer_outputs(
    network: Network, inference: Inference, dataset: Dataset
) -> Mapping[str, np.ndarray]:
    """Return what each layer yields for each item, averaged over places or tokens.

    Returns
    -------
    mapping of str to float32 array (n, d)
        Layers whose output is neither maps, tokens nor rows are left out.
    """
    names = [name for name, _ in layer_names(network.backbone) if name != "backbone"]
    if len(names) > MOST_LAYERS:
        places = np.unique(np.linspace(0, len(names) - 1, MOST_LAYERS).round().astype(int))
        names = [names[place] for place in places]
    seen: dict[str, list[Tensor | None]] = {name: [] for name in names}
    hooks = [
        network.backbone.get_submodule(name).register_forward_hook(
            lambda m, i, o, name=name: seen[name].append(tensor_of(o))
        )
        for name in names
    ]
    found: dict[str, np.ndarray] = {}
    try:
        for rows, inputs in batched_inputs(inference, dataset, 0, "layers"):
            for outputs in seen.values():
                outputs.clear()
            on_device = to_device(inputs, network.device)
            network.features(on_device)
            for name, outputs in seen.items():
                pooled = _pooled(network.backbone, outputs, on_device, len(rows))
                if pooled is not None:
                    shape = (len(dataset), pooled.shape[1])
                    found.setdefault(name, np.full(shape, np.nan, np.float32))[rows] = pooled
    finally:
        for hook in hooks:
            hook.remove()
    return {name: found[name] for name in names if name in found}


def _pooled(
    backbone: nn.Module, outputs: Sequence[Tensor | None], inputs: Tree, n: int
) -> np.ndarray | None:
    """Return one row an item of what a layer yielded; None where that is nothing of the kind."""
    tensors = [output for output in outputs if output is not None]
    if not tensors or len(tensors) < len(outputs):
        return None
    if isinstance(inputs, Tensor):
        return mean_over_places(backbone, tensors[-1], inputs) if len(tensors[-1]) == n else None
    return _of_texts(tensors, inputs, n)


def mean_over_places(backbone: nn.Module, output: Tensor, images: Tensor) -> np.ndarray | None:
    """Return the mean of a layer's output over the places of the images: float32 array (n, d).

    None where the output is neither rows nor a map; tokens that stand for no place are left out.

    Parameters
    ----------
    backbone : nn.Module
    output : tensor
    images : tensor (n, 3, h, w)
    """
    if output.ndim == 2:
        return output.float().cpu().numpy()
    if output.ndim == 4 and output.shape[2:] == (1, 1):
        return output.flatten(1).float().cpu().numpy()
    layout = layout_of(backbone, output, images)
    if layout is None:
        return None
    return layout.channels_first(output).float().mean(dim=(2, 3)).cpu().numpy()


def _of_texts(outputs: Sequence[Tensor], inputs: Tree, n: int) -> np.ndarray | None:
    """Return the mean state of the tokens of each text, over all of its windows."""
    mask = inputs["attention_mask"]
    used = mask.any(dim=-1)
    own = mask[used]
    if any(output.ndim != 3 for output in outputs):
        return None
    states = torch.cat(list(outputs))
    if states.shape[:2] != own.shape:
        return None
    item = used.nonzero()[:, 0]
    sums = (states.float() * own[..., None]).sum(dim=1)
    total = sums.new_zeros(n, sums.shape[1]).index_add(0, item, sums)
    return (total / mask.sum(dim=(1, 2))[:, None]).cpu().numpy()
