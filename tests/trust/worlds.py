"""Worlds of predictions that the tests of the measures share."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import logsumexp

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import log_softmax


def predictions_of(logits: Any, targets: Any, ids: Any = None, name: str = "clean") -> Predictions:
    """Return predictions with ids ``"0"``, ``"1"``... unless others are given."""
    logits = np.asarray(logits, dtype=np.float64)
    ids = np.arange(len(logits)) if ids is None else ids
    columns = {"target": np.asarray(targets, dtype=np.int64), "logits": logits}
    return Predictions(np.asarray(ids).astype(str), columns, perturbation=name)


def evidence_of(logits: Any, targets: Any, **rest: Any) -> Evidence:
    """Return evidence whose clean predictions are `logits` (n, classes) and `targets` (n,)."""
    return Evidence(predictions_of(logits, targets), **rest)


def logits_for(predicted: Any, classes: int) -> np.ndarray:
    """Return logits (n, classes) that decide for the `predicted` classes (n,)."""
    return 3.0 * np.eye(classes)[np.asarray(predicted)]


def certainty(logits: np.ndarray) -> np.ndarray:
    """Return what orders items as their probabilities (n, classes) do, those next to 1 too."""
    log_p = log_softmax(logits)
    others = [logsumexp(np.delete(log_p, c, axis=1), axis=1) for c in range(log_p.shape[1])]
    return np.where(log_p > -1e-6, -np.stack(others, axis=1), log_p)


def calibrated_world(
    n: int, classes: int, seed: int, sharpness: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return logits (n, classes) and targets (n,) drawn from exactly the softmax of the logits."""
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.normal(size=(n, classes))
    # The largest of logits plus Gumbel noise is distributed as the softmax.
    return logits, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


@st.composite
def tables(
    draw: st.DrawFn, min_items: int = 1, largest: float = 50, answered: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) and targets (n,) of up to 12 items and 5 classes, ties included."""
    n, classes = draw(st.integers(min_items, 12)), draw(st.integers(1, 5))
    logit = st.floats(-largest, largest, width=32) | st.integers(-2, 2).map(float)
    if not answered:
        logit |= st.sampled_from([np.nan, np.inf, -np.inf])
    logits = draw(hnp.arrays(np.float32, (n, classes), elements=logit))
    targets = draw(hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    return logits, targets
