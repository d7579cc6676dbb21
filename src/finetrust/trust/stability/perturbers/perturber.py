"""A perturber: disturbs inputs of one kind and asks the network about them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.tasks.task import Task


class Perturber(Protocol):
    """What evaluation asks of the perturber of a kind of input; registered by the kind's name."""

    @property
    def default_names(self) -> tuple[str, ...]:
        """The corruptions that are applied where the user names none."""
        ...

    @property
    def severities(self) -> tuple[int, ...]:
        """All severities there are."""
        ...

    @property
    def default_severities(self) -> tuple[int, ...]:
        """The severities that are applied where the user names none."""
        ...

    def check(self, names: Sequence[str]) -> None:
        """Raise UserError for a corruption that is not known, naming the nearest."""
        ...

    def predictions(
        self,
        task: Task,
        inference: Inference,
        dataset: Dataset,
        names: Sequence[str],
        severities: Sequence[int],
        seed: int,
        workers: int | None,
    ) -> Mapping[str, Predictions]:
        """Return the predictions under every corruption and severity, by ``name-severity``.

        The randomness of an item depends on `seed` and its id, not on where it stands.
        """
        ...


perturbers: Registry[Perturber] = Registry("perturber of inputs", "finetrust.trust.stability")
