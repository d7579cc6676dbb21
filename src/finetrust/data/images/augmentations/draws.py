"""Random numbers from torch's default generator, which the seed of an item sets."""

import torch


def uniform(low: float, high: float) -> float:
    """Return a number between `low` and `high`."""
    return low + (high - low) * float(torch.rand(()))


def one_of(n: int) -> int:
    """Return one of 0, ..., n - 1."""
    return int(torch.randint(n, ()))


def coin() -> bool:
    """Return True half of the time."""
    return one_of(2) == 1


def shares(n: int) -> list[float]:
    """Return `n` numbers that sum to 1: Dirichlet with all parameters 1."""
    waits = torch.empty(n, dtype=torch.float64).exponential_()
    return (waits / waits.sum()).tolist()
