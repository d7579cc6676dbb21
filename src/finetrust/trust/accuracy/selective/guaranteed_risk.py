"""The confidence from which on answers are wrong no more often than promised, from validation data.

Learn then Test (Angelopoulos, Bates, Candès, Jordan & Lei 2021, arXiv:2110.01052) with fixed-sequence
testing and exact binomial p-values. It promises what the selection with guaranteed risk control of
Geifman & El-Yaniv promises ("Selective Classification for Deep Neural Networks", NeurIPS 2017,
algorithm 1), which spreads delta over the log2(n) steps of a binary search, and nearly always answers
more. Mean share answered, SGR against this, over 150 simulated validation sets whose error rate falls
with confidence (``tests/trust/accuracy/selective/test_guaranteed_risk.py`` repeats a part of it):

=====  ====  ==========  =====  =====
n      risk  error rate  SGR    this
=====  ====  ==========  =====  =====
150    5 %   1.2 %       0.000  0.832
400    5 %   7.7 %       0.370  0.521
1000   1 %   1.2 %       0.000  0.493
1000   5 %   9.3 %       0.317  0.443
5000   1 %   7.7 %       0.167  0.334
5000   5 %   9.3 %       0.593  0.630
5000   5 %   4.0 % (*)   0.369  0.283
=====  ====  ==========  =====  =====

(*) The same at every confidence: the sequence ends at the first unlucky threshold.

The promise is about new data like the validation data, and about a model that was not fitted to
them. The best epoch was chosen on the same items, which is why the risk that is then found on test
data stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr

from finetrust.core.errors import NotApplicable

DELTA = 0.05
STEPS = 200
FIRST_SHARE = 0.2


@dataclass(frozen=True)
class RiskTable:
    """Errors among the most confident validation items, for up to ``STEPS`` thresholds.

    Parameters
    ----------
    n : int
        Validation items.
    answered : int array (m,)
        How many of them are above each threshold; ascending to n.
    errors : int array (m,)
        How many of those are wrong.
    threshold : float array (m,)
        Confidence that must be exceeded: that of the next item (-1 for all items).
    """

    n: int
    answered: np.ndarray
    errors: np.ndarray
    threshold: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, wrong: np.ndarray) -> "RiskTable":
        """Count the errors among validation items with that confidence (n,) and errors (n,)."""
        n = len(wrong)
        order = np.argsort(-confidence, kind="stable")
        ranked = confidence[order]
        steps = np.ceil(np.arange(1, min(n, STEPS) + 1) * n / min(n, STEPS)).astype(np.int64)
        # Equal confidence is answered together.
        last = np.searchsorted(-ranked, -ranked[steps - 1], side="right")
        answered = np.unique(last)
        errors = np.cumsum(wrong[order])[answered - 1]
        return cls(n, answered, errors, np.append(ranked, -1.0)[answered])

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "RiskTable":
        """Read what :meth:`to_json` returned."""
        return cls(kept["n"], *(np.asarray(kept[c]) for c in ("answered", "errors", "threshold")))

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        columns = {
            name: getattr(self, name).tolist() for name in ("answered", "errors", "threshold")
        }
        return {"n": self.n, **columns}

    @property
    def error(self) -> float:
        """Share of validation items that are wrong."""
        return int(self.errors[-1]) / self.n

    def threshold_for(self, risk: float, delta: float = DELTA) -> float:
        """Return the lowest threshold that promises `risk`, with probability 1 - delta.

        Thresholds are tested one after the other, from that which the most confident fifth of the
        items exceeds (or as many as could pass without any error, if these are more) down to that
        which all do: the p-value of "the risk is higher" is the chance of so few errors among so
        many if the risk were exactly that. The first that fails ends it; the last that passed is
        returned.

        Parameters
        ----------
        risk : float
            Within (0, 1).
        delta : float

        Returns
        -------
        float
            An answer is given where the confidence is greater.

        Raises
        ------
        NotApplicable
            If no threshold passes.
        """
        needed = items_needed(risk, delta)
        if self.n < needed:
            raise NotApplicable(
                f"{self.n} validation items cannot promise a risk of {risk:.2g}, however right they "
                f"are: it takes {needed} at least"
            )
        first = int(np.searchsorted(self.answered, max(needed, FIRST_SHARE * self.n)))
        chance = bdtr(self.errors[first:], self.answered[first:], risk)
        failed = np.flatnonzero(chance > delta)
        passed = int(failed[0]) if len(failed) else len(chance)
        if passed == 0:
            k, errors = int(self.answered[first]), int(self.errors[first])
            raise NotApplicable(
                f"no confidence promises a risk of {risk:.2g}: of the {k} most confident of "
                f"{self.n} validation items {errors} are wrong"
            )
        return float(self.threshold[first + passed - 1])


def items_needed(risk: float, delta: float = DELTA) -> int:
    """Return how many right answers without an error promise that risk: ``(1 - risk)^n <= delta``."""
    return int(np.ceil(np.log(delta) / np.log1p(-risk) - 1e-9))
