"""Figures on validation data, as they are and changed as the inputs of training passes are."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Validated:
    """What validation data say of a network.

    Parameters
    ----------
    plain : mapping of str to float
        The task's figures on the inputs as they are; none where there are no validation data.
    disturbed : mapping of str to float
        Those of all inputs changed, where training passes are disturbed, as by an attack.
    share : float
        How much of a training pass is disturbed, in [0, 1].
    """

    plain: Mapping[str, float]
    disturbed: Mapping[str, float]
    share: float

    @property
    def figures(self) -> dict[str, float]:
        """Those of inputs of which as large a share is disturbed as of training passes."""
        return {
            name: (1 - self.share) * figure + self.share * self.disturbed[name]
            if self.disturbed
            else figure
            for name, figure in self.plain.items()
        }

    @property
    def facts(self) -> dict[str, Mapping[str, float]]:
        """What a record says beside the figures: those of both kinds, where there are two."""
        return {"plain": self.plain, "disturbed": self.disturbed} if self.disturbed else {}
