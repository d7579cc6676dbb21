"""Rectified activations: the energy of the logits after features that are too large were clipped.

Sun, Guo & Li, "ReAct: Out-of-distribution Detection With Rectified Activations", NeurIPS 2021, section 3,
with the 90th percentile of the known activations as the threshold.
"""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores
from finetrust.trust.stability.ood.scores.energy import energy_of

SHARE_KEPT = 0.9


def fit(seen: Seen, classes: np.ndarray, head: Head) -> State:
    """Return up to which value a feature is kept."""
    if not seen.features.size:
        raise NotApplicable("there are no known items")
    return {"largest": np.quantile(seen.features, [SHARE_KEPT]).astype(np.float32)}


def react(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return the energy of the logits of clipped features."""
    return energy_of(head.logits(np.minimum(seen.features, state["largest"])))


scores.add("react", Score(react, fit))
