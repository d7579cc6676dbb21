"""Which attribution method explains a model: the one that is most faithful on validation data.

Among the methods whose maps change with the weights, that whose places matter most to the answer: the
mean over validation items of the area under the insertion curve less that under the deletion curve
(Petsiuk, Das & Saenko, "RISE", BMVC 2018), the removed pixels being replaced as ROAD does it (Rong et
al., "A Consistent and Efficient Evaluation Strategy for Attribution Methods", ICML 2022).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.randomisation import verdict_of

STEP = "choice"
"""The step whose table holds ``METHOD.insertion``, ``METHOD.deletion`` (areas) and ``METHOD.weights``
(rank correlation of the map with that of the network with weights drawn anew), by validation item."""


@dataclass(frozen=True)
class Choice:
    """The chosen method.

    Parameters
    ----------
    method : str
        Its registered name.
    gains : mapping of str to float
        Mean insertion less deletion area of every candidate, highest first.
    rejected : tuple of str
        Candidates whose maps do not change with the weights.
    n : int
        Validation items; 0 where there were none, and the first candidate was taken.
    """

    method: str
    gains: Mapping[str, float]
    rejected: tuple[str, ...]
    n: int


def choice_of(table: Predictions) -> Choice:
    """Return the choice that a table of the step ``choice`` leads to.

    Raises
    ------
    NotApplicable
        If it names no method.
    """
    methods = [c.removesuffix(".insertion") for c in table.columns if c.endswith(".insertion")]
    if not methods:
        raise NotApplicable("no attribution method explains this model")
    if not len(table):
        return Choice(methods[0], {}, (), 0)
    gains, rejected = {}, []
    for method in methods:
        gain = table[f"{method}.insertion"] - table[f"{method}.deletion"]
        gains[method] = float(np.nanmean(gain)) if np.isfinite(gain).any() else -np.inf
        if verdict_of(table[f"{method}.weights"]) == "does not change with the weights":
            rejected.append(method)
    ranked = sorted(methods, key=lambda method: (method in rejected, -gains[method]))
    return Choice(
        ranked[0],
        dict(sorted(gains.items(), key=lambda item: -item[1])),
        tuple(rejected),
        len(table),
    )


def chosen_method(tables: Mapping[str, Mapping[str, Predictions]]) -> str | None:
    """Return the method that the tables of trials lead to; None where none was chosen."""
    found = (of_trial[STEP] for of_trial in tables.values() if STEP in of_trial)
    return next((choice_of(table).method for table in found), None)
