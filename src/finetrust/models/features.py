"""Features of a frozen backbone: computed once per input, kept on disk, read by every later run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from finetrust.core.atomic import replacing_folder
from finetrust.core.cache import cache_root
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.data.loader import inference_batches
from finetrust.models.inference import Inference

FORMAT = 1
SEGMENT_ITEMS = 8192
_PRELOAD_BYTES = 2 << 30


class Features:
    """Features (n, d) in float32, gathered from memory-mapped segments.

    Parameters
    ----------
    segments : sequence of array (rows, d)
    where : int64 array (n, 2)
        Segment and row of each item.
    """

    def __init__(self, segments: Sequence[np.ndarray], where: np.ndarray) -> None:
        self._segments, self._where = segments, where
        self.width = segments[0].shape[1] if segments else 0
        small = len(where) * self.width * 4 <= _PRELOAD_BYTES
        self._loaded = torch.from_numpy(self._gather(np.arange(len(where)))) if small else None

    def __len__(self) -> int:
        return len(self._where)

    def take(self, rows: np.ndarray) -> Tensor:
        """Return the features of the items at `rows` as a float32 tensor (len(rows), d)."""
        if self._loaded is not None:
            return self._loaded[torch.from_numpy(rows)]
        return torch.from_numpy(self._gather(rows))

    def _gather(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), self.width), np.float32)
        segment_of = self._where[rows, 0]
        for segment in np.unique(segment_of):
            here = segment_of == segment
            found[here] = self._segments[segment][self._where[rows[here], 1]]
        return found


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
    absent = _first_rows([i for i, d in enumerate(dataset.digests) if d not in stored.row], dataset)
    for start in range(0, len(absent), SEGMENT_ITEMS):
        rows = absent[start : start + SEGMENT_ITEMS]
        _write_segment(folder, inference, dataset.take(rows), workers)
    return (_Stored(folder) if absent else stored).features_of(dataset)


def network_outputs(inference: Inference, dataset: Dataset, workers: int | None) -> Tensor:
    """Return the outputs of the network for every item, on the CPU, in the order of the items.

    A backbone whose features an earlier run has cached is not run again.
    """
    if _folder(inference).exists():
        features = compute_features(inference, dataset, workers)
        rows = np.arange(len(dataset))
        parts = [features.take(part) for part in np.array_split(rows, max(1, len(rows) // 8192))]
        return torch.cat([inference.outputs(part).cpu() for part in parts])
    transform = inference.preprocessing.transform()
    batches = inference_batches(dataset, transform, inference.batch_size, workers)
    total = -(-len(dataset) // inference.batch_size)
    return torch.cat([inference(images).cpu() for images in track(batches, "predictions", total)])


def _folder(inference: Inference) -> Path:
    return cache_root() / "features" / f"{FORMAT}-{inference.key}"


def _write_segment(folder: Path, inference: Inference, part: Dataset, workers: int | None) -> None:
    transform = inference.preprocessing.transform()
    name = hashlib.sha256("".join(part.digests).encode()).hexdigest()[:32]
    with replacing_folder(folder / name) as temporary:
        target, row = None, 0
        batches = inference_batches(part, transform, inference.batch_size, workers)
        for images in track(batches, "features", -(-len(part) // inference.batch_size)):
            features = inference.features(images).cpu().numpy()
            if target is None:
                shape = (len(part), features.shape[1])
                path = temporary / "features.npy"
                target = np.lib.format.open_memmap(path, "w+", np.float32, shape)
            target[row : row + len(features)] = features
            row += len(features)
        assert target is not None
        target.flush()
        (temporary / "digests.txt").write_text("\n".join(part.digests))


class _Stored:
    """The segments in a folder, their rows counted through; ``row`` gives that of each digest."""

    def __init__(self, folder: Path) -> None:
        self._paths: list[Path] = []
        self._starts = [0]
        self.row: dict[str, int] = {}
        for path in sorted(folder.glob("[0-9a-f]*")):
            try:
                np.load(path / "features.npy", mmap_mode="r")
                digests = (path / "digests.txt").read_text().split("\n")
            except (OSError, ValueError, EOFError):
                continue  # a broken segment is computed and written again
            start = self._starts[-1]
            self.row.update(zip(digests, range(start, start + len(digests)), strict=True))
            self._paths.append(path)
            self._starts.append(start + len(digests))

    def features_of(self, dataset: Dataset) -> Features:
        rows = np.array([self.row[digest] for digest in dataset.digests], np.int64)
        segment = np.searchsorted(self._starts, rows, side="right") - 1
        needed, position = np.unique(segment, return_inverse=True)
        arrays = [np.load(self._paths[s] / "features.npy", mmap_mode="r") for s in needed]
        return Features(arrays, np.stack([position, rows - np.take(self._starts, segment)], axis=1))


def _first_rows(rows: list[int], dataset: Dataset) -> list[int]:
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(dataset.digests[row], row)
    return list(first.values())
