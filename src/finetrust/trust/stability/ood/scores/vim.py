"""Virtual-logit matching: what of the features lies outside the space of the known, against the logits.

Wang, Li, Feng & Zhang, "ViM: Out-Of-Distribution with Virtual-logit Matching", CVPR 2022, section 4.
"""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.score import WIDEST, Head, Score, Seen, State, scores
from finetrust.trust.stability.ood.scores.energy import energy_of


def fit(seen: Seen, classes: np.ndarray, head: Head) -> State:
    """Return the origin, a basis outside the principal space, and the scale of the virtual logit."""
    if head.weight is None or head.bias is None:
        raise NotApplicable("the head is no linear layer, so that features have no origin")
    n, d = seen.features.shape
    if d > WIDEST:
        raise NotApplicable(f"features of {d} numbers are too wide for their principal space")
    origin = -np.linalg.pinv(head.weight) @ head.bias
    centred = seen.features - origin
    _, directions = np.linalg.eigh(centred.T @ centred / max(n, 1))
    kept = principal_dimension(d, n)
    outside = directions[:, : d - kept]  # eigenvalues ascend
    residual = np.linalg.norm(centred @ outside, axis=1).mean() if n else 0.0
    if residual <= 1e-6 * np.linalg.norm(centred):
        raise NotApplicable(
            "nothing of the known items' features lies outside their principal space"
        )
    scale = seen.logits.max(axis=1).mean() / residual
    if scale <= 0:
        raise NotApplicable("the largest logits of known items are not positive on average")
    return {
        "origin": origin.astype(np.float32),
        "outside": (scale * outside).astype(np.float32),
    }


def vim(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return the virtual logit plus the energy of the others."""
    centred = seen.features.astype(np.float64) - state["origin"]
    return np.linalg.norm(centred @ state["outside"], axis=1) + energy_of(seen.logits)


def principal_dimension(features: int, items: int) -> int:
    """Return how many dimensions the principal space has.

    As in the authors' code 1000 of 2048 or more and 512 of 768 or more, below that a half; and never
    more than half the items.
    """
    wanted = 1000 if features >= 2048 else 512 if features >= 768 else features // 2
    return max(1, min(wanted, items // 2))


scores.add("vim", Score(vim, fit))
