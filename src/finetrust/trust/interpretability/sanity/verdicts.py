"""Whether the maps of a method change with what the network learned, in words that a reader understands."""

from dataclasses import dataclass

import numpy as np
import torch

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.randomisation import SAME, verdict

NOT_BELIEVED, UNCLEAR = "not to be believed", "unclear"


@dataclass(frozen=True)
class Belief:
    """A verdict.

    Parameters
    ----------
    believed : bool or None
        False where the maps stay the same; None where that is not decided.
    verdict : str
        ``"changes with the weights"``, ``"not to be believed"`` or ``"unclear"``; of labels
        ``"changes with the labels"``, ``"does not change with the labels"`` or ``"unclear"``.
    same : int
        Items whose map stays the same.
    n : int
    p_value : float
        Of the exact sign test; 1 without items.
    """

    believed: bool | None
    verdict: str
    same: int
    n: int
    p_value: float


def belief_of(correlations: np.ndarray, what: str) -> Belief:
    """Return the verdict on rank correlations before and after `what` ("weights") was drawn anew.

    Parameters
    ----------
    correlations : float array (n,)
        NaN where there is none.
    what : {"weights", "labels"}
    """
    try:
        found = verdict(torch.from_numpy(np.array(correlations, dtype=np.float64)))
    except NotApplicable:
        return Belief(None, UNCLEAR, 0, 0, 1.0)
    believed = {
        "changes with the weights": True,
        "does not change with the weights": False,
        "unclear": None,
    }[found.answer]
    same = NOT_BELIEVED if what == "weights" else f"does not change with the {what}"
    words = {True: f"changes with the {what}", False: same, None: UNCLEAR}
    return Belief(believed, words[believed], found.same, found.n, found.p_value)


def changed_share(correlations: np.ndarray) -> np.ndarray:
    """Return 1 where a map changes, 0 where it stays the same, NaN where that is not known."""
    return np.where(np.isfinite(correlations), correlations < SAME, np.nan)
