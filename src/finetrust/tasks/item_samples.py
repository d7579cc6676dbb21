"""Samples whose targets stay as they are, whatever is done to their inputs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.models.tree import Tree


class ItemSamples:
    """Inputs prepared one by one; targets are numbers, or rows of as many numbers.

    Parameters
    ----------
    prepare : callable
        From an input to a prepared one, maybe at random.
    collate : callable
        From prepared inputs to a batch.
    """

    def __init__(
        self, prepare: Callable[[Any], Any], collate: Callable[[Sequence[Any]], Tree]
    ) -> None:
        self._prepare, self._collate = prepare, collate

    def item(self, value: Any, target: Any) -> tuple[Any, Any]:
        return self._prepare(value), target

    def target(self, target: Any) -> Any:
        return target

    def inputs(self, prepared: Sequence[Any]) -> Tree:
        return self._collate(prepared)

    def targets(self, prepared: Sequence[Any]) -> Tensor:
        return torch.from_numpy(np.asarray(prepared))
