"""What trains a model again; it is handed to the trial from outside, which knows no training."""

from typing import TYPE_CHECKING, Protocol

from finetrust.core.predictions import Predictions

if TYPE_CHECKING:
    from finetrust.trust.trials.bench import Bench


class Retraining(Protocol):
    """How a model can be trained again."""

    def check(self, repeats: int) -> None:
        """Tell what is left to be trained of so many repeats of each kind, and what it takes.

        Raises
        ------
        NotApplicable
            If the model cannot be trained again.
        UserError
            If its training data cannot be read any more.
        """
        ...

    @property
    def backward(self) -> int:
        """How many single items go forward and back through the network in one training."""
        ...

    def predictions(self, bench: "Bench", kind: str, number: int) -> Predictions:
        """Train the repeat, unless that was done, and return what it says about all items.

        Parameters
        ----------
        bench : Bench
        kind : str
            One of :data:`finetrust.trust.stability.repeats.retrained.KINDS`.
        number : int
            From 1.

        Returns
        -------
        Predictions
            With the column ``predicted_class``, after the calibration that the repeat has itself.
        """
        ...
