"""All scores, fitted to the items that a model knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.score import Head, Seen, State, scores, unusualness
from finetrust.trust.stability.ood.scores.combined import COMBINED, in_proportion


@dataclass(frozen=True, eq=False)
class Detectors:
    """Fitted scores.

    Parameters
    ----------
    head : Head
    states : mapping of str to State
        By the name of the score.
    absent : mapping of str to str
        Why a score is not among them.
    """

    head: Head
    states: Mapping[str, State]
    absent: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, seen: Seen) -> dict[str, np.ndarray]:
        """Return how unusual each item is by every score: float64 arrays (n,), larger is more so."""
        return {
            name: unusualness(name, state, seen, self.head) for name, state in self.states.items()
        }

    def with_combined(self, familiar: Seen) -> "Detectors":
        """Return the scores and their combination, put in proportion by items they do not know."""
        try:
            state = in_proportion(self.states, self(familiar))
        except NotApplicable as reason:
            return replace(self, absent={**self.absent, COMBINED: str(reason)})
        absent = {name: reason for name, reason in self.absent.items() if name != COMBINED}
        return replace(self, states={**self.states, COMBINED: state}, absent=absent)


def fit_detectors(known: Seen | None, classes: np.ndarray | None, head: Head) -> Detectors:
    """Return all scores that can be fitted; without known items those that need no fit.

    Parameters
    ----------
    known : Seen or None
        Items that the model knows; those without finite numbers are left out.
    classes : int64 array (n,) or None
    head : Head
    """
    states: dict[str, State] = {}
    absent: dict[str, str] = {}
    finite = known.finite if known is not None else None
    for name, score in scores.items():
        try:
            if score.fit is None:
                states[name] = {}
            elif known is None or classes is None or finite is None or not finite.any():
                raise NotApplicable("no items are known that it could be fitted to")
            else:
                states[name] = score.fit(known.take(finite), classes[finite], head)
        except NotApplicable as reason:
            absent[name] = str(reason)
    return Detectors(head, states, absent)
