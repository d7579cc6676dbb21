"""Copies within a data set: items with the same content, and with nearly the same."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from finetrust.core.kept import kept
from finetrust.data.input_kind import InputKind

FORMAT = 1
"""Raise it when other pairs are found in the same signatures."""

Rows = list[tuple[int, int]]


def exact_copies(digests: Sequence[str]) -> Rows:
    """Return each further item with the same content, paired with the first one."""
    first: dict[str, int] = {}
    pairs = []
    for row, digest in enumerate(digests):
        if digest in first:
            pairs.append((first[digest], row))
        else:
            first[digest] = row
    return pairs


def near_digests(
    digests: Sequence[str], signatures: np.ndarray, kind: InputKind
) -> list[tuple[str, str]]:
    """Return the pairs of contents that are nearly the same; they do not depend on the order.

    Sought once: they are kept in the cache.

    Parameters
    ----------
    digests : sequence of str (n,)
    signatures : uint8 array (n, bytes)
    kind : InputKind
    """
    row_of = dict(zip(digests, range(len(digests)), strict=True))
    contents = sorted(row_of)
    ordered = signatures[[row_of[digest] for digest in contents]]
    pairs = kept(
        f"near-copies-{FORMAT}",
        (kind.name, *contents, ordered.tobytes()),
        lambda: kind.near_pairs(ordered).tolist(),
    )
    return [(contents[a], contents[b]) for a, b in pairs]


def near_copies(
    near: Iterable[tuple[str, str]], digests: Sequence[str], splits: np.ndarray
) -> Rows:
    """Return the pairs of items with these contents; one in each split stands for a content."""
    rows_of: dict[str, dict[str, int]] = defaultdict(dict)
    for row, (digest, split) in enumerate(zip(digests, splits.tolist(), strict=True)):
        rows_of[digest].setdefault(split, row)
    return [
        (min(a, b), max(a, b))
        for one, other in near
        for a in rows_of[one].values()
        for b in rows_of[other].values()
    ]


def originals(digests: Sequence[str], near: Iterable[tuple[str, str]]) -> list[str]:
    """Return, for each item, the digest that stands for it and all its copies, near ones too."""
    parent: dict[str, str] = {}

    def root(digest: str) -> str:
        while digest in parent:
            digest = parent[digest]
        return digest

    for pair in near:
        one, other = sorted(map(root, pair))
        if one != other:
            parent[other] = one
    return [root(digest) for digest in digests]
