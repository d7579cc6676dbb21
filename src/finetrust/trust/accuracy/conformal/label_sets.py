"""Conformal risk control: sets of labels that miss no more than a promised share of the true ones.

Angelopoulos, Bates, Fisch, Lei & Schuster, "Conformal Risk Control", ICLR 2024, arXiv:2208.02814, eq. 4,
with the false-negative rate of an item as its loss. Coverage of one class is the same
promise where an item has one label.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import EVERY, Calibrator, calibrators
from finetrust.trust.accuracy.labels.label_answers import NEEDS, targets_of

_ROUNDING = 1e-9
_KEPT = 300


@dataclass(frozen=True, eq=False)
class MissTable:
    """The mean false-negative rate of n validation items for every threshold that changes it.

    Parameters
    ----------
    n : int
    logit : float array (m,)
        Thresholds, ascending: labels from this logit on are in the set.
    rate : float array (m,)
        Mean share of its true labels that an item misses, ascending.
    """

    n: int
    logit: np.ndarray
    rate: np.ndarray

    @classmethod
    def of(cls, logits: np.ndarray, due: np.ndarray) -> "MissTable":
        """Count what is missed.

        Parameters
        ----------
        logits : float array (n, labels)
            An item with one that is not finite misses all its labels at every threshold.
        due : bool array (n, labels)
        """
        n = len(logits)
        scores = np.where(np.isfinite(logits).all(axis=1)[:, None], logits, -np.inf)
        item, _ = np.nonzero(due)
        weight = 1 / np.maximum(due.sum(axis=1), 1)[item] / max(n, 1)
        order = np.argsort(scores[due], kind="stable")
        ranked, missed = scores[due][order], np.append(0.0, np.cumsum(weight[order]))
        first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])
        first = first[np.isfinite(ranked[first])]
        return cls(n, ranked[first].astype(float), missed[first])

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "MissTable":
        """Read what :meth:`to_json` returned."""
        return cls(kept["n"], np.asarray(kept["logit"]), np.asarray(kept["rate"]))

    def to_json(self) -> dict[str, Any]:
        """Return as JSON values a few hundred of the thresholds; those of whole percents exactly."""
        risks = [*np.arange(1, 51) / 100, *np.geomspace(1 / (self.n + 1), 0.5, _KEPT)]
        rows = np.unique(np.searchsorted(self.rate, [self._allowed(r) for r in risks], "right") - 1)
        rows = rows[rows >= 0]
        return {"n": self.n, "logit": self.logit[rows].tolist(), "rate": self.rate[rows].tolist()}

    def threshold_for(self, risk: float) -> float | None:
        """Return the highest threshold that promises the rate; None if no threshold does.

        The highest t with ``n / (n + 1) R(t) + 1 / (n + 1) <= risk``.
        """
        at = int(np.searchsorted(self.rate, self._allowed(risk), side="right")) - 1
        return float(self.logit[at]) if at >= 0 else None

    @property
    def lowest_risk(self) -> float:
        """The lowest rate that can be promised."""
        return float((self.n * self.rate[0] + 1) / (self.n + 1)) if len(self.rate) else 1.0

    def _allowed(self, risk: float) -> float:
        return (risk * (self.n + 1) - 1) / max(self.n, 1) + _ROUNDING


def _fit(validation: Predictions) -> dict[str, Any]:
    table = MissTable.of(validation["label_logits"], targets_of(validation))
    return {"label_misses": table.to_json()} if len(table.rate) else {}


calibrators.add("label_misses", Calibrator(NEEDS, _fit, method=EVERY))


def label_threshold_kept(kept: Mapping[str, Any], coverage: float) -> float:
    """Return the logit from which on a label is in the set, from what is kept.

    Raises
    ------
    UserError
        If so few validation items cannot give that coverage.
    """
    table = MissTable.from_json(kept)
    found = table.threshold_for(1 - coverage)
    if found is None:
        raise UserError(
            f"a coverage of {coverage:g} takes more than the {table.n} validation items of this model",
            f"Choose at most {np.floor((1 - table.lowest_risk) * 1e4) / 1e4:g}.",
        )
    return found
