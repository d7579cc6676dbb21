"""Answers and confidence under each corruption, and what is resampled from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.answers import Answers
from finetrust.trust.accuracy.probabilities import has_answer
from finetrust.trust.trials.matched import matched


@dataclass(frozen=True, eq=False)
class ShiftedAnswers:
    """The answers to n items under one corruption; m of them have finite scores.

    Parameters
    ----------
    corruption : str
        Empty for the untouched items.
    severity : int
        0 for the untouched items.
    n : int
    rows : int array (m,)
        Which of the n items have an answer.
    right : bool array (m,)
    confidence : float64 array (m,)
        Probability of the predicted class, as ``predict`` shows it.
    entropy : float64 array (m,)
        Of the probabilities, in nats.
    """

    corruption: str
    severity: int
    n: int
    rows: np.ndarray
    right: np.ndarray
    confidence: np.ndarray
    entropy: np.ndarray

    @classmethod
    def of(
        cls,
        predictions: Predictions,
        calibration: Mapping[str, Any],
        corruption: str = "",
        severity: int = 0,
    ) -> "ShiftedAnswers":
        """Read them off predictions with logits and targets."""
        n = len(predictions)
        if not has_answer(predictions["logits"]).any():
            none = np.zeros(0)
            return cls(corruption, severity, n, none.astype(int), none.astype(bool), none, none)
        found = Answers.of(predictions, calibration)
        return cls(
            corruption, severity, n, found.rows, found.right, found.confidence, found.entropy
        )

    @property
    def name(self) -> str:
        """The name of the table they were read from."""
        return f"{self.corruption}-{self.severity}"

    def of_all(self, values: np.ndarray, without_answer: float) -> np.ndarray:
        """Spread values (m,) over the n items: float array (n,)."""
        spread = np.full(self.n, without_answer, np.float64)
        spread[self.rows] = values
        return spread

    @property
    def hits(self) -> np.ndarray:
        """1 for a right item, 0 for a wrong one or one without an answer: float array (n,)."""
        return self.of_all(self.right, 0.0)


@dataclass(frozen=True, eq=False)
class Shift:
    """The answers to the same n items, untouched and under every corruption and severity."""

    ids: np.ndarray
    clean: ShiftedAnswers
    corrupted: tuple[ShiftedAnswers, ...]

    def weights(self, tables: tuple[ShiftedAnswers, ...]) -> np.ndarray:
        """Return the weight of each table where types count the same, and severities within a type."""
        names = [table.corruption for table in tables]
        return np.array([1 / names.count(name) for name in names]) / len(set(names))


@once
def shift_of(evidence: Evidence) -> Shift:
    """Return the answers under corruption, with the probabilities that ``predict`` shows.

    Raises
    ------
    NotApplicable
        If there are no corrupted items, or no answer to any.
    """
    clean, by_type = matched(evidence)
    corrupted = tuple(
        ShiftedAnswers.of(table, evidence.calibration, name, severity)
        for name, of in sorted(by_type.items())
        for severity, table in sorted(of.items())
    )
    if not any(len(table.rows) for table in corrupted):
        raise NotApplicable("the model returned NaN or infinity for every corrupted item")
    return Shift(clean.ids, ShiftedAnswers.of(clean, evidence.calibration), corrupted)
