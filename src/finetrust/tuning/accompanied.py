"""What travels with training items into the penalties: their rows, and what was made of each beside it.

Inputs are batched as ever; targets become a tuple of the targets, the rows and the companions by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.data.dataset import Dataset
from finetrust.data.samples import Samples
from finetrust.models.tree import Tree
from finetrust.tasks.task import Mix
from finetrust.tuning.addition import Companion

Beside = Mapping[str, Tensor]
Accompanied = tuple[Tree, Tensor, Beside]


def with_rows(dataset: Dataset) -> Dataset:
    """Return `dataset` with pairs of a target and its row as targets."""
    pairs = np.empty(len(dataset), object)
    pairs[:] = [(target, row) for row, target in enumerate(dataset.targets)]
    return replace(dataset, targets=pairs)


def mixing(mix: Mix) -> Mix:
    """Return `mix` for accompanied targets; what is beside an item stays with its input's place."""

    def mixed(inputs: Tensor, accompanied: Any) -> Any:
        targets, rows, beside = accompanied
        inputs, targets = mix(inputs, targets)
        return inputs, (targets, rows, beside)

    return mixed


class AccompaniedSamples:
    """Samples of a data set :func:`with_rows`.

    Parameters
    ----------
    samples : Samples
        Of the items themselves, which are what they would be alone.
    companions : mapping of str to Companion
    """

    def __init__(self, samples: Samples, companions: Mapping[str, Companion]) -> None:
        self._samples, self._companions = samples, companions

    def item(self, value: Any, target: tuple[Any, int]) -> tuple[Any, Any]:
        wanted, row = target
        drawn = torch.get_rng_state()
        prepared, wanted = self._samples.item(value, wanted)
        beside = {}
        for name, companion in self._companions.items():
            torch.set_rng_state(drawn)
            beside[name] = companion(row, value)
        return prepared, (wanted, row, beside)

    def target(self, target: tuple[Any, int]) -> Any:
        wanted, row = target
        return self._samples.target(wanted), row, {}

    def inputs(self, prepared: Sequence[Any]) -> Tree:
        return self._samples.inputs(prepared)

    def targets(self, prepared: Sequence[Any]) -> Accompanied:
        wanted, rows, beside = zip(*prepared, strict=True)
        stacked = {name: torch.stack([of[name] for of in beside]) for name in beside[0]}
        return self._samples.targets(wanted), torch.tensor(rows), stacked
