"""How familiar an input is, as a share of validation items: the test that ``predict`` makes.

The share of validation items that are at least as unusual as an input, the input counted among them, is a
conformal p-value: of inputs like the validation data no more than a share a have one of a or less, whatever
the score is (Laxhammar & Falkman, "Inductive conformal anomaly detection for sequential detection of
anomalous sub-trajectories", 2015; Bates, Candes, Lei, Romano & Sesia, "Testing for outliers with conformal
p-values", Annals of Statistics 51, 2023).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.choice import Separation, chosen_score, separations
from finetrust.trust.stability.ood.knowledge import Knowledge
from finetrust.trust.stability.ood.score import Head, Seen, State, unusualness

FALSE_ALARMS = 0.05
"""The share of familiar inputs that may be marked as unfamiliar, unless the user says otherwise."""


@dataclass(frozen=True, eq=False)
class Familiarity:
    """A fitted score and its values on validation items.

    Parameters
    ----------
    score : str
    state : mapping of str to array
        What was fitted.
    validation : float64 array (n,)
        How unusual each validation item is.
    separations : mapping of str to Separation
        By which the score was chosen.
    """

    score: str
    state: State
    validation: np.ndarray
    separations: Mapping[str, Separation] = field(default_factory=dict)

    def __call__(self, seen: Seen, head: Head) -> np.ndarray:
        """Return how familiar inputs are: float64 array (n,) in (0, 1]."""
        return familiarity(unusualness(self.score, self.state, seen, head), self.validation)


def familiarity(unusual: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Return the share of validation items that are at least as unusual as each input.

    Parameters
    ----------
    unusual : float array (n,)
    validation : float array (m,)

    Returns
    -------
    float64 array (n,)
        (1 + items at least as unusual) / (m + 1).
    """
    ranked = np.sort(validation)
    as_unusual = len(ranked) - np.searchsorted(ranked, unusual, "left")
    return (1 + as_unusual) / (len(ranked) + 1)


def fewest_false_alarms(items: int) -> float:
    """Return the least share of false alarms that can be promised with so many validation items."""
    return 1 / (items + 1)


def learn_familiarity(knowledge: Knowledge) -> Familiarity:
    """Return the score that stands for all, fitted and judged.

    Raises
    ------
    NotApplicable
        If there are no validation data, targets are no classes, or the network yields no rows of
        numbers.
    """
    validation = knowledge.judged
    if validation is None or not len(validation):
        raise NotApplicable("there are no validation data")
    if validation.targets.ndim != 1 or validation.targets.dtype.kind not in "iu":
        raise NotApplicable("a target is not one class")
    found = separations(
        knowledge.validation,
        {name: knowledge.of_choice_set(name) for name in knowledge.choice_sets},
    )
    name = chosen_score(found)
    states = knowledge.detectors.states
    return Familiarity(name, states[name], knowledge.validation[name], found)
