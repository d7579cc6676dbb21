"""Made-up tables of the trial of examples, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "examples"
K = 5


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return neighbours that mostly have the model's answer, and training items, some of them alone."""
    rng = np.random.default_rng(9)
    logits = clean["logits"]
    answered = np.isfinite(logits).all(axis=1)
    some = clean.take(np.flatnonzero(answered))
    classes = logits.shape[1]
    predicted = some["logits"].argmax(axis=1) if len(some) else np.zeros(0, np.int64)
    n = len(some)
    near: dict[str, np.ndarray] = {}
    for rank in range(K):
        near[f"neighbour-{rank}"] = np.array([f"train/{i}" for i in range(n)], dtype=str)
        near[f"label-{rank}"] = np.where(
            rng.random(n) < 0.7, predicted, rng.integers(0, classes, n)
        )
        near[f"distance-{rank}"] = 0.1 * (rank + rng.random(n))
    neighbours = {
        "target": some["target"],
        "predicted": predicted,
        "sampled": np.arange(n) % 7 != 0,
        **near,
        "other": np.full(n, "train/0"),
        "other_label": (predicted + 1) % classes,
        "other_distance": np.ones(n),
    }
    label = np.arange(40) % classes
    top = np.arange(40) % 3 == 0
    trained = {
        "self_influence": rng.random(40) + top,
        "label": label,
        "suggested": np.where(np.arange(40) % 2, label, (label + 1) % classes),
        "alike": np.where(top, (label + (np.arange(40) % 6 == 0)) % classes, -1),
        "alike_count": np.where(top, 5, 0),
        "way": np.full(40, "TracIn"),
    }
    ids = np.array([f"train/{i}" for i in range(40)], dtype=str)
    return {
        "neighbours": Predictions(some.ids, neighbours, clean.split, "neighbours"),
        "self_influence": Predictions(ids, trained, clean.split, "self_influence"),
    }
