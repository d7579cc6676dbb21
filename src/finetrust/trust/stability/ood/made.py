"""Inputs that are made from familiar ones, one from each, whenever one is read: always alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset, Inputs
from finetrust.trust.trials.item_seeds import item_seeds

Make = Callable[[Inputs, int, np.random.Generator], Any]
"""From familiar inputs, the position of one of them and randomness to an input that is unlike it."""


@dataclass(frozen=True)
class MadeSet:
    """One way to make inputs that are none of a model's classes.

    Parameters
    ----------
    kind : str
        Of its inputs: ``"image"`` or ``"text"``.
    role : {"far", "choice"}
        Whether a model is judged on them, as inputs that are quite unlike its data, or a score is
        chosen by them. No set has both roles.
    make : callable
    unfit : callable, optional
        From the familiar items to the reason why they have no such set; empty if they have one.
    """

    kind: str
    role: Literal["far", "choice"]
    make: Make
    unfit: Callable[[Dataset], str] = lambda familiar: ""


made_sets: Registry[MadeSet] = Registry("OOD set", "finetrust.trust.stability.ood.sets")


class Made:
    """Inputs of a set, one for each of the familiar inputs.

    Parameters
    ----------
    familiar : Inputs (n,)
    make : callable
    seeds : int64 array (n,)
    """

    def __init__(self, familiar: Inputs, make: Make, seeds: np.ndarray) -> None:
        self._familiar, self._make, self._seeds = familiar, make, seeds

    def __len__(self) -> int:
        return len(self._seeds)

    def __getitem__(self, index: int) -> Any:
        rng = np.random.default_rng(int(self._seeds[index]))
        return self._make(self._familiar, index, rng)

    def content(self, index: int) -> bytes:
        return repr(self[index]).encode("utf-8", "surrogatepass")

    def location(self, index: int) -> Path | None:
        return None


def made(name: str, familiar: Dataset, seed: int) -> Dataset:
    """Return the set `name` with one item for each familiar one.

    The classes that it carries are those of the familiar items and mean nothing.
    """
    seeds = item_seeds(familiar.ids, seed).numpy()
    inputs = Made(familiar.inputs, made_sets.get(name).make, seeds)
    ids = tuple(f"{name}/{i}" for i in familiar.ids)
    return replace(familiar, name=name, ids=ids, inputs=inputs, digests=())
