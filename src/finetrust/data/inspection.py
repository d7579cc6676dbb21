"""Inspection of inputs: each is read, hashed and decoded once, in threads."""

import hashlib
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from finetrust.core.cpus import usable_cpus
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.data.input_kind import Size
from finetrust.data.inspection_cache import InspectionCache

_ITEMS_AT_ONCE = 64
_MOST_THREADS = 16
# Threads that do little between two file accesses mostly wait for the interpreter's lock.
_SECONDS_WORTH_A_THREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in one input.

    Parameters
    ----------
    digest : str
        SHA-256 of its content; empty where it cannot be read at all.
    size : tuple of int
        Width and height in pixels, upright; or what the kind of input has for a size.
    signature : bytes
        By which near copies are found.
    figures : tuple of float
        One for each property that the kind of input has.
    reason : str
        Why it cannot be used; empty if it can.
    """

    digest: str = ""
    size: Size = ()
    signature: bytes = b""
    figures: tuple[float, ...] = ()
    reason: str = ""


def inspect(dataset: Dataset, workers: int | None) -> list[Inspection]:
    """Return the inspection of every input; what an earlier run has seen is not decoded again.

    Parameters
    ----------
    dataset : Dataset
    workers : int or None
        Threads; by default one for each CPU that may be used, 16 at most.
    """
    n = len(dataset)
    with InspectionCache(dataset.kind) as cache, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's: what matters of them is in the reasons.
        found = _inspect_in_threads(dataset, workers, cache)
        return list(track(found, f"checking {dataset.kind.plural}", n))


def _inspect_in_threads(
    dataset: Dataset, workers: int | None, cache: InspectionCache
) -> Iterator[Inspection]:
    n = len(dataset)

    def inspect_chunk(start: int) -> list[Inspection]:
        stop = min(start + _ITEMS_AT_ONCE, n)
        return [_inspect_one(dataset, i, cache) for i in range(start, stop)]

    starts = range(0, n, _ITEMS_AT_ONCE)
    threads = min(usable_cpus(), _MOST_THREADS) if workers is None else workers
    began = time.perf_counter()
    yield from inspect_chunk(0)
    slow = time.perf_counter() - began > _ITEMS_AT_ONCE * _SECONDS_WORTH_A_THREAD
    if threads <= 1 or not slow:
        for start in starts[1:]:
            yield from inspect_chunk(start)
        return
    with ThreadPoolExecutor(threads) as pool:
        for chunk in pool.map(inspect_chunk, starts[1:]):
            yield from chunk


def _inspect_one(dataset: Dataset, index: int, cache: InspectionCache) -> Inspection:
    digest = ""
    try:
        digest = hashlib.sha256(dataset.inputs.content(index)).hexdigest()
        known = cache.get(digest)
        if known is not None:
            return Inspection(digest, *known)
        value = dataset.inputs[index]
    except OSError as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Inspection(digest, reason=reason)
    found = dataset.kind.inspect(value)
    cache.put(digest, found)
    return Inspection(digest, *found)
