"""The decisions of a run and of its repeats on the same items."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import predicted_classes

KINDS: Mapping[str, str] = {
    "seed": "another seed of the initial weights and the augmentation",
    "order": "another order of the training items",
    "bootstrap": "training items drawn anew with replacement",
    "drop": "a tenth of the training items left out",
}
"""What is another in a repeat, by the kind of repeat."""

EXCHANGEABLE = ("seed", "order")
"""The kinds of which the run itself is one more draw; it was not trained on a part of its data."""


@dataclass(frozen=True, eq=False)
class Retrained:
    """Decisions on the same n items; ``NO_ANSWER`` where there is none.

    Parameters
    ----------
    ids : str array (n,)
    target : int array (n,)
    run : int array (n,)
        Of the run itself.
    repeats : mapping of str to int array (k, n)
        Of its repeats, by kind.
    """

    ids: np.ndarray
    target: np.ndarray
    run: np.ndarray
    repeats: Mapping[str, np.ndarray]

    @property
    def alike(self) -> dict[str, np.ndarray]:
        """The models that differ by one thing alone, by kind: int arrays (models, n).

        With the run itself where it is one of them.
        """
        return {
            kind: np.concatenate([self.run[None], of]) if kind in EXCHANGEABLE else of
            for kind, of in self.repeats.items()
        }

    @property
    def everyone(self) -> np.ndarray:
        """The run and all repeats: int array (models, n)."""
        return np.concatenate([self.run[None], *self.repeats.values()])


@once
def retrained_of(evidence: Evidence) -> Retrained:
    """Return the decisions of the run and of its repeats on the items that all of them judged.

    Raises
    ------
    NotApplicable
        If there are no repeats, or decisions are not one class an item.
    """
    tables = evidence.tables("repeats")
    if evidence.clean["target"].ndim != 1 or evidence.clean["target"].dtype.kind not in "iu":
        raise NotApplicable("a target is not one class")
    ids = reduce(np.intersect1d, [table.ids for table in (evidence.clean, *tables.values())])
    if not len(ids):
        raise NotApplicable("no item was judged by the run and by all its repeats")
    found: dict[str, list[np.ndarray]] = {}
    for name, table in sorted(tables.items()):
        kind = name.rpartition("-")[0]
        if kind in KINDS:
            found.setdefault(kind, []).append(_decisions(_of(table, ids)))
    if not found:
        raise NotApplicable("there are no repeats of a known kind")
    clean = _of(evidence.clean, ids)
    ordered = {kind: np.stack(found[kind]) for kind in KINDS if kind in found}
    return Retrained(ids, clean["target"], predicted_classes(clean, evidence.calibration), ordered)


def _decisions(table: Predictions) -> np.ndarray:
    """Return those that the repeat shows, which has a calibration of its own."""
    return table["predicted_class"] if "predicted_class" in table else predicted_classes(table)


def _of(predictions: Predictions, ids: np.ndarray) -> Predictions:
    order = np.argsort(predictions.ids)
    return predictions.take(order[np.searchsorted(predictions.ids, ids, sorter=order)])
