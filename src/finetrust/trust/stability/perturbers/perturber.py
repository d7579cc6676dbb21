"""A perturber: disturbs inputs of one kind and asks the network about them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName


class Perturber(Protocol):
    """What the trial of corruptions asks of the perturber of a kind of input.

    Registered by the kind's name.
    """

    @property
    def severities(self) -> tuple[int, ...]:
        """All severities there are."""
        ...

    def names(self, effort: EffortName) -> tuple[str, ...]:
        """Return the corruptions that are applied where the user names none."""
        ...

    def default_severities(self, effort: EffortName) -> tuple[int, ...]:
        """Return the severities that are applied where the user names none."""
        ...

    def check(self, names: Sequence[str]) -> None:
        """Raise UserError for a corruption that is not known, naming the nearest."""
        ...

    def predictions(self, bench: Bench, rows: np.ndarray, name: str, severity: int) -> Predictions:
        """Return the predictions on the items at `rows` under one corruption, in their order.

        The randomness of an item depends on the seed and its id, not on where it stands.
        """
        ...


perturbers: Registry[Perturber] = Registry("perturber of inputs", "finetrust.trust.stability")
