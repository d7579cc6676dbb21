"""A preprocessor: what pretrained weights expect of their input, whatever kind of input that is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from finetrust.models.tree import Tree


class Preprocessor(Protocol):
    """What the shared code asks of the preprocessing of a network; one file per kind."""

    def transform(self) -> Callable[[Any], Any]:
        """Return the function from an input of a data set to a prepared one, nothing random."""
        ...

    def collate(self, prepared: Sequence[Any]) -> Tree:
        """Return prepared inputs as the batch that the network takes."""
        ...

    def normaliser(self) -> nn.Module:
        """Return the first layer of the network: from the batch to what the backbone takes."""
        ...

    def example(self, n: int) -> Tree:
        """Return a batch of `n` made-up inputs, always the same."""
        ...

    def items_at_once(self, on_cpu: bool) -> int:
        """Return how many items a forward pass without gradients takes."""
        ...

    def feature_lengths(self, inputs: Tree) -> Tensor | None:
        """Return how many rows of each item's features are its own, or None if all are.

        Texts of several lengths have features (n, longest, d), zero beyond their own words.
        """
        ...

    def lengths(self, values: Sequence[Any]) -> Sequence[int] | None:
        """Return how long each input is, so that like may go with like; None if all are alike."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the preprocessing as JSON values, for people to read."""
        ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Return the preprocessing as JSON values; files that it needs are written to `folder`."""
        ...


class InputSamples:
    """Samples of inputs alone: what a pass without targets reads.

    Parameters
    ----------
    preprocessing : Preprocessor
    """

    def __init__(self, preprocessing: Preprocessor) -> None:
        self._prepare, self._collate = preprocessing.transform(), preprocessing.collate

    def item(self, value: Any, target: Any) -> tuple[Any, None]:
        return self._prepare(value), None

    def target(self, target: Any) -> None:
        return None

    def inputs(self, prepared: Sequence[Any]) -> Tree:
        return self._collate(prepared)

    def targets(self, prepared: Sequence[Any]) -> None:
        return None
