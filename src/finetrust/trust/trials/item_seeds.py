"""Seeds of items that depend on what they are called, not on where they stand."""

import zlib
from collections.abc import Iterable

import torch
from torch import Tensor


def item_seeds(ids: Iterable[str], seed: int) -> Tensor:
    """Return one seed per item from its id, int64 (n,)."""
    return torch.tensor([zlib.crc32(f"{seed} {i}".encode()) for i in ids], dtype=torch.int64)
