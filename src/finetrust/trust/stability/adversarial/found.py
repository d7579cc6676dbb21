"""What the attacks found, as the measures read it."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.corruption_replicates import shared_means

TRIAL = "adversarial"
# Sizes are kept as they were asked for; rounding on the way to disk and back must not matter.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Found:
    """The attacked items in one norm.

    Parameters
    ----------
    norm : str
    table : Predictions
        With the columns of :class:`~finetrust.trust.stability.adversarial.sweep.Sweep`, ``target``,
        ``sizes`` (n, k) and ``reference``.
    """

    norm: str
    table: Predictions

    @property
    def sizes(self) -> tuple[float, ...]:
        """The sizes at which robustness is measured, ascending."""
        return tuple(self.table["sizes"][0].tolist())

    @property
    def reference(self) -> float:
        """The size that stands for all."""
        return float(self.table["reference"][0])

    @property
    def right(self) -> np.ndarray:
        """Which untouched images are answered right: bool array (n,)."""
        return self.table["answer"] == self.table["target"]

    def withstands(self, size: float) -> np.ndarray:
        """Return which items are right and no attack within `size` was found: bool array (n,)."""
        return self.right & (self.table["smallest"] > size * (1 + _SAME))

    def column(self, name: str) -> np.ndarray:
        """Return a column of truth values, which a file keeps as numbers."""
        return self.table[name].astype(bool)


def found_in(evidence: Evidence, norm: str) -> Found:
    """Return what was found in a norm.

    Raises
    ------
    NotApplicable
        If the items were not attacked in that norm.
    """
    tables = evidence.tables(TRIAL)
    if norm not in tables:
        raise NotApplicable(f"no attacks in the norm {norm} were made at this effort")
    if not len(tables[norm]):
        raise NotApplicable("no item was attacked")
    return Found(norm, tables[norm])


def share_of(
    evidence: Evidence, ids: np.ndarray, holds: np.ndarray, subset: str, details: dict | None = None
) -> Estimate:
    """Return the share of items for which something holds, with its Wilson interval.

    Parameters
    ----------
    evidence : Evidence
    ids : str array (n,)
    holds : bool array (n,)
    subset : str
    details : dict, optional
    """
    low, high = wilson(holds.sum(), len(holds))
    return Estimate(
        float(holds.mean()), float(low), float(high), len(holds), subset, details or {},
        replicates=partial(_replicates, evidence, ids, holds),
        secondary=bool(subset),
    )  # fmt: skip


def _replicates(evidence: Evidence, ids: np.ndarray, holds: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, holds[:, None].astype(float))[:, 0]
