"""What is found about the maps of one method for one batch of images: columns of the step ``sanity``."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.trust.interpretability.agreement import order_kept
from finetrust.trust.interpretability.complexity import entropy, gini
from finetrust.trust.interpretability.explaining import maps_of
from finetrust.trust.interpretability.randomisation import ExplainNetwork, cascade
from finetrust.trust.interpretability.sanity.columns import Columns
from finetrust.trust.interpretability.sanity.completeness import PROMISES, completeness_errors
from finetrust.trust.interpretability.sanity.harmless import HarmlessChange
from finetrust.trust.interpretability.sensitivity import sensitivity

STAGES = 4
SAMPLES = 6
"""Noisy copies of an image, for the sensitivity of its map."""

Items = tuple[Tensor, Tensor, Tensor]
"""Images (n, 3, h, w), targets (n,) and seeds (n,)."""


def explanations_judged(with_labels: bool) -> int:
    """Return how many maps of an item :func:`of_network` makes."""
    return 1 + STAGES + with_labels


def explanations_moved(changes: int) -> int:
    """Return how many maps of an item :func:`of_changes` makes."""
    return 1 + changes + 1 + SAMPLES


def of_network(
    method: str,
    explain: ExplainNetwork,
    network: nn.Module,
    permuted: nn.Module | None,
    items: Items,
    seed: int,
) -> Columns:
    """Return how the maps depend on what the network learned, whether they add up, and their form.

    Parameters
    ----------
    method : str
        Its registered name.
    explain : callable
    network : nn.Module
    permuted : nn.Module, optional
        The network with a last layer that was fitted to permuted labels.
    items : tuple of tensors
    seed : int
        Of the new weights.

    Returns
    -------
    dict of str to float64 array (n,)
        ``weights-K``, ``absolute-K`` and ``similarity-K`` for each stage K from 1 on, ``entropy`` and
        ``gini``; ``labels`` and ``completeness`` where there are any.
    """
    explained = partial(maps_of, explain)
    plain = explained(network, *items)
    found = cascade(network, explained, *items, stages=STAGES, seed=seed, plain=plain)
    columns: dict[str, Tensor] = {}
    for name, stages in (
        ("weights", found.rank_correlation),
        ("absolute", found.absolute_rank_correlation),
        ("similarity", found.structural_similarity),
    ):
        columns |= {f"{name}-{stage}": values for stage, values in enumerate(stages, 1)}
    columns |= {"entropy": entropy(plain), "gini": gini(plain)}
    if permuted is not None:
        columns["labels"] = order_kept(plain, explained(permuted, *items))
    if method in PROMISES:
        images, targets, _ = items
        columns["completeness"] = completeness_errors(method, network, plain, images, targets)
    return {name: values.cpu().numpy() for name, values in columns.items()}


def of_changes(
    explain: ExplainNetwork,
    network: nn.Module,
    changes: Sequence[HarmlessChange],
    stays: Mapping[str, np.ndarray],
    items: Items,
) -> Columns:
    """Return how far the maps stay as nothing that matters changes.

    Parameters
    ----------
    explain : callable
    network : nn.Module
    changes : sequence of HarmlessChange
    stays : mapping of str to bool array (n,)
        By change, which images it alters without changing the answer: only their maps are compared.
    items : tuple of tensors

    Returns
    -------
    dict of str to float64 array (n,)
        ``harmless-CHANGE``, ``sensitivity_max`` and ``sensitivity_mean``.
    """
    explained = partial(maps_of, explain, network)
    images, targets, seeds = items
    plain = explained(*items)
    columns = {}
    for change in changes:
        found = torch.full((len(images),), torch.nan, dtype=torch.float64)
        rows = torch.from_numpy(np.flatnonzero(stays[change.name])).to(images.device)
        if len(rows):
            maps = explained(change.apply(images[rows]), targets[rows], seeds[rows])
            found[rows.cpu()] = order_kept(*change.laid_back(plain[rows], maps)).cpu()
        columns[f"harmless-{change.name}"] = found.numpy()
    moved = sensitivity(explained, *items, samples=SAMPLES)
    columns["sensitivity_max"] = moved.largest.numpy()
    columns["sensitivity_mean"] = moved.average.numpy()
    return columns
