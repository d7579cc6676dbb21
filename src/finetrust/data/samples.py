"""Samples: how an item of a data set becomes its part of a batch."""

from collections.abc import Sequence
from typing import Any, Protocol


class Samples(Protocol):
    """From inputs and targets of single items to those of a batch.

    A batch's inputs and targets are trees (see :mod:`finetrust.models.tree`) whose tensors have the
    items as their first axis.
    """

    def item(self, value: Any, target: Any) -> tuple[Any, Any]:
        """Return an input and its target prepared, jointly where a random change moves both.

        What is random draws from torch's default generator.
        """
        ...

    def target(self, target: Any) -> Any:
        """Return a target prepared as `item` prepares it where nothing is random."""
        ...

    def inputs(self, prepared: Sequence[Any]) -> Any:
        """Return prepared inputs as one batch."""
        ...

    def targets(self, prepared: Sequence[Any]) -> Any:
        """Return prepared targets as one batch."""
        ...
