"""Features of a frozen backbone: computed once per input, kept on disk, read by every later run."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from finetrust.core.atomic import replacing_folder, write_json
from finetrust.core.cache import cache_root
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.data.loader import Loader
from finetrust.models.inference import Inference
from finetrust.models.preprocessor import InputSamples
from finetrust.models.tree import Tree, flat, mapped

FORMAT = 2
SEGMENT_BYTES = 256 << 20
MOST_BYTES = 4 << 30
_PRELOAD_BYTES = 2 << 30


@dataclass(frozen=True)
class Layout:
    """How the features of an item lie in rows of numbers.

    Parameters
    ----------
    shapes : tuple of tuple of int
        Of each tensor that an item's features are made of, one after the other in one row.
    several : bool
        Whether they are a tuple of tensors.
    ragged : bool
        Whether an item has any number of rows, each of them a feature of its own.
    """

    shapes: tuple[tuple[int, ...], ...]
    several: bool
    ragged: bool

    @classmethod
    def of(cls, features: Tree, ragged: bool) -> "Layout":
        several = isinstance(features, tuple)
        parts = features if several else (features,)
        return cls(tuple(tuple(part.shape[1 + ragged :]) for part in parts), several, ragged)

    def tree(self, rows: Tensor) -> Tree:
        """Return features from rows (n, numbers), or (n, longest, numbers) where they are ragged."""
        lead = rows.shape[:-1]
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        parts = tuple(
            part.reshape(*lead, *shape)
            for part, shape in zip(rows.split(sizes, dim=-1), self.shapes, strict=True)
        )
        return parts if self.several else parts[0]


@dataclass(frozen=True, eq=False)
class Segment:
    """Features of some items, one after the other.

    Parameters
    ----------
    values : float32 array (rows, numbers)
    starts : int64 array (items + 1,)
        The first row of each item.
    """

    values: np.ndarray
    starts: np.ndarray


class Features:
    """Features of a data set in float32, gathered from memory-mapped segments.

    Parameters
    ----------
    segments : sequence of Segment
    where : int64 array (n, 2)
        Segment and position in it of each item.
    layout : Layout or None
        None where there are no items.
    """

    def __init__(
        self, segments: Sequence[Segment], where: np.ndarray, layout: Layout | None
    ) -> None:
        self._segments, self._where, self._layout = segments, where, layout
        self._lengths = np.array(
            [segments[s].starts[i + 1] - segments[s].starts[i] for s, i in where.tolist()], np.int64
        )
        self._loaded: Tensor | None = None
        width = segments[0].values.shape[1] if segments else 0
        if int(self._lengths.sum()) * width * 4 <= _PRELOAD_BYTES and segments:
            values = self._gather(np.arange(len(where)))
            self._segments = [Segment(values, np.cumsum([0, *self._lengths]))]
            positions = np.arange(len(where))
            self._where = np.stack([np.zeros_like(positions), positions], axis=1)
            self._loaded = torch.from_numpy(values)

    def __len__(self) -> int:
        return len(self._where)

    def take(self, rows: np.ndarray) -> Tree:
        """Return the features of the items at `rows`; ragged ones padded with zeros."""
        assert self._layout is not None
        if self._loaded is not None and not self._layout.ragged:
            return self._layout.tree(self._loaded[torch.from_numpy(rows)])
        values = torch.from_numpy(self._gather(rows))
        if not self._layout.ragged:
            return self._layout.tree(values)
        lengths = torch.from_numpy(self._lengths[rows])
        longest = int(lengths.max()) if len(rows) else 0
        padded = values.new_zeros(len(rows), longest, values.shape[1])
        padded[torch.arange(longest) < lengths[:, None]] = values
        return self._layout.tree(padded)

    def _gather(self, rows: np.ndarray) -> np.ndarray:
        lengths = self._lengths[rows]
        ends = np.cumsum(lengths)
        found = np.empty(
            (int(ends[-1]) if len(ends) else 0, self._segments[0].values.shape[1]), np.float32
        )
        segment_of = self._where[rows, 0]
        for number in np.unique(segment_of):
            segment, here = self._segments[number], np.flatnonzero(segment_of == number)
            firsts = segment.starts[self._where[rows[here], 1]]
            source = _ranges(firsts, lengths[here])
            found[_ranges(ends[here] - lengths[here], lengths[here])] = segment.values[source]
        return found


def batched_inputs(
    inference: Inference, dataset: Dataset, workers: int | None, label: str
) -> Iterator[tuple[np.ndarray, Tree]]:
    """Yield rows of `dataset` and their inputs as batches, behind a progress bar.

    In their order, or where inputs have lengths, those of like length together.
    """
    preprocessing, size = inference.preprocessing, inference.batch_size
    lengths = preprocessing.lengths(InOrder(dataset))
    n = len(dataset)
    order = np.arange(n) if lengths is None else np.argsort(lengths, kind="stable")
    parts = [order[start : start + size] for start in range(0, n, size)]
    loader = Loader(dataset, InputSamples(preprocessing), workers)
    batches = loader.batches([[(int(row), None) for row in part] for part in parts])
    for part, (inputs, _) in track(zip(parts, batches, strict=True), label, len(parts)):
        yield part, inputs


def batched_outputs(
    inference: Inference, dataset: Dataset, workers: int | None, label: str = "predictions"
) -> Iterator[tuple[np.ndarray, Tree | None, Tree]]:
    """Yield rows of `dataset`, their features and the outputs of the network, until all were given.

    There are no features (None) where the network reads an input in several parts. A backbone whose
    features an earlier run has cached is not run again.
    """
    named = len(dataset.digests) == len(dataset)
    known = inference.around is None and named and _folder(inference).exists()
    if known and fits(inference, dataset):
        features = compute_features(inference, dataset, workers)
        size = max(inference.batch_size, SEGMENT_BYTES // (32 * max(1, inference.bytes_per_item)))
        for part in np.array_split(np.arange(len(dataset)), max(1, -(-len(dataset) // size))):
            if len(part):
                taken = features.take(part)
                yield part, taken, inference.outputs(taken)
        return
    for rows, inputs in batched_inputs(inference, dataset, workers, label):
        if inference.around is None:
            found = inference.features(inputs)
            yield rows, found, inference.outputs(found)
        else:
            yield rows, None, inference(inputs)


def fits(inference: Inference, dataset: Dataset) -> bool:
    """Return whether the features of all items are few enough to be kept on disk."""
    return inference.bytes_per_item * len(dataset) <= MOST_BYTES


def compute_features(inference: Inference, dataset: Dataset, workers: int | None) -> Features:
    """Return the features of every item; those that no earlier run has computed are computed now.

    Parameters
    ----------
    inference : Inference
    dataset : Dataset
        With digests.
    workers : int or None
        Decoding processes.
    """
    assert len(dataset.digests) == len(dataset), "features are kept by the digests of the inputs"
    folder = _folder(inference)
    stored = _Stored(folder)
    absent = _first_rows(
        [i for i, d in enumerate(dataset.digests) if d not in stored.item], dataset
    )
    at_once = max(inference.batch_size, SEGMENT_BYTES // max(1, inference.bytes_per_item))
    for start in range(0, len(absent), at_once):
        _write_segment(folder, inference, dataset.take(absent[start : start + at_once]), workers)
    return (_Stored(folder) if absent else stored).of(dataset.digests)


def stored_features(inference: Inference, digests: Sequence[str]) -> np.ndarray | None:
    """Return the features of inputs that earlier runs have computed: float32 array (n, d).

    None unless there are those of all inputs, and each has one row of numbers.
    """
    stored = _Stored(_folder(inference))
    if not digests or not all(digest in stored.item for digest in digests):
        return None
    features = stored.of(digests).take(np.arange(len(digests)))
    return features.numpy() if isinstance(features, Tensor) and features.ndim == 2 else None


class InOrder(Sequence):
    """The inputs of a data set as a sequence of decoded values."""

    def __init__(self, dataset: Dataset) -> None:
        self._inputs = dataset.inputs

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._inputs[index]


def _ranges(firsts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the concatenation of ``first, first + 1, ...`` of each length."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(firsts - before, lengths) + np.arange(int(lengths.sum()))


def _folder(inference: Inference) -> Path:
    return cache_root() / "features" / f"{FORMAT}-{inference.key}"


def _write_segment(folder: Path, inference: Inference, part: Dataset, workers: int | None) -> None:
    name = hashlib.sha256("".join(part.digests).encode()).hexdigest()[:32]
    values: list[np.ndarray] = []
    lengths: list[int] = []
    digests: list[str] = []
    layout = None
    for rows, inputs in batched_inputs(inference, part, workers, "features"):
        features = inference.features(inputs)
        own = inference.preprocessing.feature_lengths(inputs)
        layout = Layout.of(features, own is not None)
        if own is None:
            values.append(flat(features).cpu().numpy())
            lengths += [1] * len(rows)
        else:
            mask = torch.arange(features.shape[1]) < own[:, None]
            values.append(mapped(Tensor.cpu, features)[mask].numpy())
            lengths += own.tolist()
        digests += [part.digests[row] for row in rows]
    assert layout is not None
    with replacing_folder(folder / name) as temporary:
        np.save(temporary / "features.npy", np.concatenate(values))
        np.save(temporary / "starts.npy", np.cumsum([0, *lengths]))
        write_json(temporary / "layout.json", asdict(layout))
        (temporary / "digests.txt").write_text("\n".join(digests))


class _Stored:
    """The segments in a folder; ``item`` gives segment and position in it of each digest."""

    def __init__(self, folder: Path) -> None:
        self._paths: list[Path] = []
        self.item: dict[str, tuple[int, int]] = {}
        for path in sorted(folder.glob("[0-9a-f]*")):
            try:
                np.load(path / "features.npy", mmap_mode="r")
                np.load(path / "starts.npy", mmap_mode="r")
                _layout(path)
                digests = (path / "digests.txt").read_text().split("\n")
            except (OSError, ValueError, EOFError, KeyError):
                continue  # a broken segment is computed and written again
            number = len(self._paths)
            self.item.update((digest, (number, i)) for i, digest in enumerate(digests))
            self._paths.append(path)

    def of(self, digests: Sequence[str]) -> Features:
        where = np.array([self.item[digest] for digest in digests], np.int64).reshape(-1, 2)
        needed, where[:, 0] = np.unique(where[:, 0], return_inverse=True)
        paths = [self._paths[number] for number in needed]
        segments = [
            Segment(np.load(path / "features.npy", mmap_mode="r"), np.load(path / "starts.npy"))
            for path in paths
        ]
        return Features(segments, where, _layout(paths[0]) if paths else None)


def _layout(path: Path) -> Layout:
    raw = json.loads((path / "layout.json").read_text(encoding="utf-8"))
    return Layout(tuple(map(tuple, raw["shapes"])), raw["several"], raw["ragged"])


def _first_rows(rows: list[int], dataset: Dataset) -> list[int]:
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(dataset.digests[row], row)
    return list(first.values())
