"""Evidence with any number of labels for each item."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions


def labelled(logits: Any, targets: Any, **rest: Any) -> Evidence:
    """Return evidence of logits and targets (n, labels)."""
    logits = np.asarray(logits, np.float64)
    columns = {"label_logits": logits, "label_targets": np.asarray(targets, np.int64)}
    return Evidence(Predictions(np.arange(len(logits)).astype(str), columns), **rest)


@st.composite
def label_tables(draw: st.DrawFn, answered: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Logits and targets of up to 10 items and 5 labels, ties included."""
    shape = draw(st.integers(2, 10)), draw(st.integers(2, 5))
    logit = st.floats(-9, 9, width=32) | st.integers(-2, 2).map(float)
    if not answered:
        logit |= st.sampled_from([np.nan, np.inf])
    logits = draw(hnp.arrays(np.float32, shape, elements=logit))
    return logits, draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 1)))


def random_labels(n: int, labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits and targets that were drawn from exactly their probabilities."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, labels)) - 0.5
    return logits, (rng.random((n, labels)) < 1 / (1 + np.exp(-logits))).astype(np.int64)


def ordinary_labels() -> Evidence:
    """Return evidence of labels on which every measure of labels has a value."""
    logits, targets = random_labels(60, 4, seed=0)
    evidence = labelled(logits, targets, calibration={"label_threshold": 0.4}, seed=3)
    noise = np.random.default_rng(1).normal(size=logits.shape)
    perturbed = {
        f"{name}-{severity}": replace(
            labelled(logits + severity * noise, targets).clean, perturbation=f"{name}-{severity}"
        )
        for name in ("casing", "typos")
        for severity in (1, 2, 3)
    }
    baseline = labelled(logits + 2 * noise, targets).clean
    validation = labelled(*random_labels(80, 4, seed=2)).clean
    return replace(evidence, perturbed=perturbed, baseline=baseline, validation=validation)
