"""What a user asks of answers beyond the most probable class: sets that promise coverage, abstention."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from finetrust.core.errors import UserError
from finetrust.models.tree import Tree
from finetrust.trust.accuracy.conformal.kept_scores import require_method

Cautious = Callable[[Tree], list[dict[str, Any]]]
"""From the outputs for some inputs to what is added to the answer about each."""


@dataclass(frozen=True)
class Caution:
    """What is asked.

    Parameters
    ----------
    coverage : float or None
        The share of inputs whose set must hold the true class.
    method : str
        By which sets are made.
    max_risk : float or None
        The share of wrong answers that is accepted among those given.

    Raises
    ------
    UserError
        For a number out of range, or an unknown method.
    """

    coverage: float | None = None
    method: str = "lac"
    max_risk: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("coverage", self.coverage), ("max risk", self.max_risk)):
            if value is not None and not 0 < value < 1:
                raise UserError(
                    f"a {name} of {value:g} is not between 0 and 1", "Give a share such as 0.95."
                )
        require_method(self.method)

    @property
    def asked(self) -> bool:
        """Whether anything is."""
        return self.coverage is not None or self.max_risk is not None
