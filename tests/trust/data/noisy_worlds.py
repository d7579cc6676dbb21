"""Labels of which a known share is wrong, and a model that never saw them."""

import numpy as np

from ..worlds import calibrated_world


def noisy_world(
    n: int, classes: int, share: float, seed: int, sharpness: float = 4.2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits (n, classes), labels (n,), and which of them are wrong: bool array (n,).

    The right labels are drawn from the softmax of the logits. Just the share of them, rounded, is
    replaced by one of the other classes, each as likely.
    """
    logits, labels = calibrated_world(n, classes, seed, sharpness)
    rng = np.random.default_rng(seed + 1)
    wrong = np.zeros(n, bool)
    wrong[rng.choice(n, round(share * n), replace=False)] = True
    other = (labels + rng.integers(1, classes, n)) % classes
    return logits, np.where(wrong, other, labels), wrong
