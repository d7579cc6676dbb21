"""Batches as trees: a tensor, or a tuple, list or mapping of trees, with the items as first axis.

A list stands for one entry an item (the boxes of each image); a tuple and a mapping for parts of
every item (feature maps of several sizes; token ids and their mask).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Tree = Any


def mapped(change: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    """Return `tree` with every tensor changed."""
    if isinstance(tree, Tensor):
        return change(tree)
    if isinstance(tree, dict):
        return {name: mapped(change, part) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(change, part) for part in tree)
    return tree


def to_device(tree: Tree, device: torch.device) -> Tree:
    """Return `tree` on `device`."""
    return mapped(lambda tensor: tensor.to(device, non_blocking=True), tree)


def n_items(tree: Tree) -> int:
    """Return how many items a batch holds."""
    if isinstance(tree, (Tensor, list)):
        return len(tree)
    return n_items(next(iter(tree.values())) if isinstance(tree, dict) else tree[0])


def taken(tree: Tree, rows: slice) -> Tree:
    """Return some items of a batch."""
    if isinstance(tree, (Tensor, list)):
        return tree[rows]
    if isinstance(tree, dict):
        return {name: taken(part, rows) for name, part in tree.items()}
    return tuple(taken(part, rows) for part in tree)


def split(tree: Tree, size: int) -> list[Tree]:
    """Return the batch in as few parts of at most `size` items as can be, all about as large."""
    items = n_items(tree)
    parts = -(-items // size)
    ends = [items * number // max(parts, 1) for number in range(parts + 1)]
    return [taken(tree, slice(start, end)) for start, end in pairwise(ends)]


def joined(trees: Sequence[Tree]) -> Tree:
    """Return batches as one; where their second axes differ (texts), zeros are added at the end."""
    first = trees[0]
    if len(trees) == 1:
        return first
    if isinstance(first, list):
        return [item for tree in trees for item in tree]
    if isinstance(first, dict):
        return {name: joined([tree[name] for tree in trees]) for name in first}
    if isinstance(first, tuple):
        return tuple(joined(parts) for parts in zip(*trees, strict=True))
    return torch.cat(_padded(trees))


def leaves(tree: Tree) -> list[Tensor]:
    """Return the tensors of a tree, in their order."""
    if isinstance(tree, Tensor):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree
    return [leaf for part in parts for leaf in leaves(part)]


def flat(tree: Tree) -> Tensor:
    """Return all numbers of a batch as one tensor (items, numbers)."""
    return torch.cat([leaf.flatten(1).float() for leaf in leaves(tree)], dim=1)


def _padded(tensors: Sequence[Tensor]) -> list[Tensor]:
    if tensors[0].ndim < 2 or len({tensor.shape[1] for tensor in tensors}) == 1:
        return list(tensors)
    longest = max(tensor.shape[1] for tensor in tensors)
    return [functional.pad(t, [*[0, 0] * (t.ndim - 2), 0, longest - t.shape[1]]) for t in tensors]
