"""Candidates for copies: which pictures are worth a close look, turned pictures and crops included.

Pictures lie in cells around some of them (an inverted file, Jégou, Douze & Schmid 2011, section IV).
A picture in each of its eight turns is compared with those in the nearest cells, up to a fixed number,
so time grows with n; the most alike are ranked anew with slight crops allowed for.
"""

import math

import numpy as np

from finetrust.data.images.tangents import TURNS, describe, tangents, turn

_SCANNED = 4000
_CELL = 200
_OF_A_CELL = 2
_RANKED_ANEW = 48
_LEAST_LIKENESS = 0.6
_LEAST_WITH_CROPS = 0.75
_ASKED_AT_ONCE = 1 << 14
_BLOCK = 1 << 16


class CopyIndex:
    """Pictures among which copies are looked for.

    Parameters
    ----------
    thumbnails : uint8 array (m, 24, 24)
    """

    def __init__(self, thumbnails: np.ndarray) -> None:
        self._cells = _Cells(describe(thumbnails))
        self._bases = tangents(thumbnails)

    def candidates(
        self, asked: np.ndarray, most: int, own: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which thumbnails may be copies of which, the most alike first for each.

        Parameters
        ----------
        asked : uint8 array (n, 24, 24)
        most : int
            So many for each.
        own : int array (n,), optional
            Rows of the index that are the pictures asked about themselves, hence no copies.

        Returns
        -------
        pairs : int array (k, 2)
            Rows of `asked` and of the index.
        ways : int array (k,)
            Into `TURNS`: how the picture of `asked` is turned to be like the other.
        """
        found = [np.empty((0, 3), np.int64)]
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            part = slice(start, start + _ASKED_AT_ONCE)
            first = self._first(describe(asked[part]), most, None if own is None else own[part])
            found.append(first + np.array([start, 0, 0]))
        joined = np.concatenate(found)
        return joined[:, :2], joined[:, 2]

    def _first(self, vectors: np.ndarray, most: int, own: np.ndarray | None) -> np.ndarray:
        """Return rows of `vectors`, rows of the index and ways to turn: int array (k, 3)."""
        turned = [turn(vectors, way) for way in TURNS]
        alike = [_alike(vectors, self._cells, own) for vectors in turned]
        ways = np.repeat(np.arange(len(TURNS)), [len(rows) for rows, _, _ in alike])
        rows, items, likeness = (np.concatenate(parts) for parts in zip(*alike, strict=True))
        first = _first_of_each(rows, likeness, _RANKED_ANEW)
        rows, items, ways = rows[first], items[first], ways[first]
        likeness = np.empty(len(rows), np.float32)
        for i, vectors in enumerate(turned):
            of_way = np.flatnonzero(ways == i)
            likeness[of_way] = _with_crops(vectors, rows[of_way], self._bases, items[of_way])
        first = _first_of_each(rows, likeness, most)
        first = first[likeness[first] >= _LEAST_WITH_CROPS]
        return np.stack([rows[first], items[first], ways[first]], axis=1)


class _Cells:
    """Vectors (n, d) in cells around some of them."""

    def __init__(self, vectors: np.ndarray) -> None:
        n = len(vectors)
        cells = max(1, n // _CELL)
        draw = np.random.default_rng(0)
        # A little noise spreads many equal vectors over many cells.
        noise = draw.standard_normal((cells, vectors.shape[1]), np.float32)
        self.centres = vectors[draw.choice(n, cells, replace=False)] + 1e-3 * noise if n else noise
        cell = np.empty(n, np.int64)
        for start in range(0, n, _ASKED_AT_ONCE):
            part = vectors[start : start + _ASKED_AT_ONCE]
            noise = draw.standard_normal(part.shape, np.float32)
            cell[start : start + len(part)] = ((part + 1e-3 * noise) @ self.centres.T).argmax(1)
        self.cell = cell
        self.order = np.argsort(cell, kind="stable")
        self.bounds = np.searchsorted(cell[self.order], np.arange(cells + 1))
        self.vectors = vectors[self.order]

    def probes(self, scanned: int) -> int:
        """Return in how many cells so many vectors lie, more or less."""
        n, cells = len(self.order), len(self.centres)
        return cells if n <= scanned else math.ceil(scanned * cells / n)


def _alike(
    asked: np.ndarray, cells: _Cells, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of `asked`, the items most alike in each of the nearest cells, and their likeness."""
    n_cells = len(cells.centres)
    # Within one set either of two copies may find the other: each has to look at half as many.
    probes = cells.probes(_SCANNED if own is None else _SCANNED // 2)
    rows, probed = np.divmod(np.arange(len(asked) * probes), probes)
    if probes < n_cells:
        near = -(asked @ cells.centres.T)
        probed = np.argpartition(near, probes - 1, axis=1)[:, :probes].ravel()
    order = np.argsort(probed, kind="stable")
    rows, bounds = rows[order], np.searchsorted(probed[order], np.arange(n_cells + 1))
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
    for cell in range(n_cells):
        part = slice(cells.bounds[cell], cells.bounds[cell + 1])
        items, vectors = cells.order[part], cells.vectors[part]
        asking = rows[bounds[cell] : bounds[cell + 1]]
        if not len(items):
            continue
        at_once = max(1, _BLOCK // len(items))
        for start in range(0, len(asking), at_once):
            some = asking[start : start + at_once]
            likeness = asked[some] @ vectors.T
            if own is not None:
                itself = np.flatnonzero(cells.cell[own[some]] == cell)
                likeness[itself, np.searchsorted(items, own[some[itself]])] = -1
            for _ in range(min(_OF_A_CELL, len(items))):
                best = likeness.argmax(axis=1)
                value = likeness[np.arange(len(some)), best]
                enough = value >= _LEAST_LIKENESS
                found.append((some[enough], items[best[enough]], value[enough]))
                likeness[np.arange(len(some)), best] = -1
    joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    return joined[0], joined[1], joined[2]


def _with_crops(
    asked: np.ndarray, rows: np.ndarray, bases: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Return how much (k,) of asked[rows] lies in the space of bases[items], 0 to 1."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _ASKED_AT_ONCE):
        part = slice(start, start + _ASKED_AT_ONCE)
        inside = bases[items[part]] @ asked[rows[part]][:, :, None]
        found[part] = np.einsum("kij,kij->k", inside, inside)
    return found


def _first_of_each(rows: np.ndarray, likeness: np.ndarray, most: int) -> np.ndarray:
    """Return the places of the `most` highest values of each row, by row, the highest first."""
    order = np.argsort(rows * 2.0 - likeness)
    ranked = rows[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    return order[rank < most]
