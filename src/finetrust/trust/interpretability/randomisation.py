"""Does an explanation change with the weights: one that does not explains the image, not the network.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, "Sanity Checks for Saliency Maps", NeurIPS 2018,
arXiv:1810.03292, section 3: cascading randomisation from the logits down.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.agreement import order_kept, structural_similarity

SAME = 0.5
"""Rank correlation from which the map of a random network counts as the same explanation."""

LEVEL = 0.05

Answer = Literal["changes with the weights", "does not change with the weights", "unclear"]

M = TypeVar("M", bound=nn.Module)

ExplainNetwork = Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]
"""From a network, images (n, c, h, w), targets (n,) and seeds (n,) to heat maps (n, h, w)."""


@dataclass(frozen=True, eq=False)
class Cascade:
    """How alike the maps stay as layer after layer is drawn anew.

    Parameters
    ----------
    layers : tuple of tuple of str (k)
        Which were drawn anew at each stage, in addition to those before; after the last, all are.
    rank_correlation, absolute_rank_correlation, structural_similarity : float64 tensor (k, n)
        Between the maps of the given network and those of each stage; the second is that of the absolute
        values, in which a change of sign alone does not count. Maps that are equal have 1. Where one is
        constant and the other not, the rank correlations are 0: nothing of the order is left. NaN where a
        map is not finite.
    """

    layers: tuple[tuple[str, ...], ...]
    rank_correlation: Tensor
    absolute_rank_correlation: Tensor
    structural_similarity: Tensor


@dataclass(frozen=True)
class Verdict:
    """Whether an explanation changes with the weights.

    Parameters
    ----------
    answer : {"changes with the weights", "does not change with the weights", "unclear"}
    same : int
        Items whose map stays the same: rank correlation of at least 0.5.
    n : int
        Items with a known correlation.
    p_value : float
        Of the two-sided exact sign test.
    """

    answer: Answer
    same: int
    n: int
    p_value: float


def cascade(
    network: nn.Module,
    explain: ExplainNetwork,
    images: Tensor,
    targets: Tensor,
    seeds: Tensor,
    stages: int = 4,
    seed: int = 0,
    plain: Tensor | None = None,
) -> Cascade:
    """Return how alike heat maps stay as the layers are drawn anew, from the logits down.

    A copy of the network is changed; the given one is not. A layer is a module with parameters of its
    own. It is drawn anew by its ``reset_parameters``; where it has none, each of its parameters from a
    normal distribution with the mean and standard deviation that the parameter had. The layers are
    ordered by when they first run, and split into `stages` groups of as many layers each.

    Parameters
    ----------
    network : nn.Module
        Pixels (n, c, h, w) to logits, in evaluation mode.
    explain : callable
        Gets the changed copy: a layer of it has the name, but is not the object, of that of `network`.
    images : float tensor (n, c, h, w)
    targets : int64 tensor (n,)
    seeds : int64 tensor (n,)
        Handed to `explain`.
    stages : int
        At most as many as there are layers.
    seed : int
        Of the new weights.
    plain : float tensor (n, h, w), optional
        The maps of `network`, where they are known already.

    Raises
    ------
    NotApplicable
        If the network has no parameters.
    """
    if plain is None:
        plain = explain(network, images, targets, seeds)
    names, correlations, absolute, similarities = [], [], [], []
    for group, changed in drawn_anew(network, images[:1], stages, seed):
        maps = explain(changed, images, targets, seeds)
        names.append(group)
        correlations.append(order_kept(plain, maps).cpu())
        signed = bool((plain < 0).any() or (maps < 0).any())
        absolute.append(order_kept(plain.abs(), maps.abs()).cpu() if signed else correlations[-1])
        similarities.append(structural_similarity(plain, maps).cpu())
    stacked = (torch.stack(part) for part in (correlations, absolute, similarities))
    return Cascade(tuple(names), *stacked)


def drawn_anew(
    network: M, example: Any, stages: int = 4, seed: int = 0
) -> Iterator[tuple[tuple[str, ...], M]]:
    """Yield the layers that were drawn anew at each stage, and the network that they leave.

    It is the same copy at every stage, changed further; see :func:`cascade`.

    Parameters
    ----------
    network : nn.Module
    example : Tensor, or any batch that the network takes
    stages : int
        At most as many as there are layers.
    seed : int

    Raises
    ------
    NotApplicable
        If the network has no parameters.
    """
    changed = copy.deepcopy(network)
    layers = _layers_in_order(changed, example)[::-1]
    if not layers:
        raise NotApplicable(f"{type(network).__name__} has no parameters that could be drawn anew")
    for number, group in enumerate(_split(layers, min(stages, len(layers)))):
        with torch.random.fork_rng():
            torch.manual_seed(seed + 1000 * number)
            for name in group:
                _draw_anew(changed.get_submodule(name))
        yield tuple(group), changed


def verdict(similarity: Tensor) -> Verdict:
    """Return whether the maps change with the weights, by a sign test over the items.

    A map stays the same where its rank correlation with the map of a network whose layers were all drawn
    anew is at least 0.5. By the exact two-sided sign test at a level of 5 %, more than half of all items
    stay the same ("does not change with the weights"), or fewer ("changes with the weights"); otherwise
    it is unclear, as it always is with fewer than 6 items. The test speaks for items like these and for
    the one set of new weights that was drawn.

    Parameters
    ----------
    similarity : float tensor (n,)
        The last row of the rank correlations of :func:`cascade`; NaN does not count.

    Raises
    ------
    NotApplicable
        If no item has a known correlation.
    """
    known = similarity[similarity.isfinite()]
    n, same = len(known), int((known >= SAME).sum())
    if n == 0:
        raise NotApplicable(
            "no item has a finite heat map before and after the weights are drawn anew"
        )
    p_value = float(binomtest(same, n).pvalue)
    if p_value > LEVEL:
        return Verdict("unclear", same, n, p_value)
    if 2 * same > n:
        return Verdict("does not change with the weights", same, n, p_value)
    return Verdict("changes with the weights", same, n, p_value)


def verdict_of(similarity: np.ndarray) -> Answer:
    """Return the answer of :func:`verdict` for an array (n,); "unclear" where nothing is known."""
    try:
        return verdict(torch.from_numpy(np.array(similarity, np.float64))).answer
    except NotApplicable:
        return "unclear"


def _layers_in_order(network: nn.Module, example: Any) -> list[str]:
    """Return the names of the modules with parameters of their own, in the order they first run."""
    first: dict[nn.Module, int] = {}

    def note(module: nn.Module, inputs: object) -> None:
        first.setdefault(module, len(first))

    modules = dict(network.named_modules())
    handles = [module.register_forward_pre_hook(note) for module in modules.values()]
    try:
        with torch.no_grad():
            network(example)
    finally:
        for handle in handles:
            handle.remove()

    def runs_at(name: str) -> int:
        # Some modules are read by their parent and never called: they run when it does.
        while modules[name] not in first and name:
            name = name.rpartition(".")[0]
        return first.get(modules[name], -1)

    named = [n for n, m in modules.items() if next(m.parameters(recurse=False), None) is not None]
    return sorted(named, key=runs_at)


def _split(names: list[str], parts: int) -> Iterator[list[str]]:
    for i in range(parts):
        yield names[len(names) * i // parts : len(names) * (i + 1) // parts]


def _draw_anew(layer: nn.Module) -> None:
    reset = getattr(layer, "reset_parameters", None)
    if callable(reset):
        reset()
        return
    with torch.no_grad():
        for parameter in layer.parameters(recurse=False):
            spread = parameter.std(correction=0)
            parameter.copy_(parameter.mean() + spread * torch.randn_like(parameter))
