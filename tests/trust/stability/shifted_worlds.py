"""Worlds of predictions under corruption that the tests of this folder share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

from ..worlds import logits_for, predictions_of


def right_table(right: Any, name: str = "clean", ids: Any = None) -> Predictions:
    """Return predictions of which exactly the given items are right; all are of class 0 of 2."""
    hits = np.asarray(right, bool)
    return predictions_of(logits_for(1 - hits, 2), np.zeros(len(hits)), ids, name)


def right_world(right: Mapping[str, Any], clean: Any, **rest: Any) -> Evidence:
    """Return evidence with such tables under each corruption."""
    tables = {name: right_table(hits, name) for name, hits in right.items()}
    return Evidence(right_table(clean), tables, **rest)


def confident_table(
    confidence: Any, right: Any, name: str = "clean", ids: Any = None
) -> Predictions:
    """Return two-class predictions of the given confidence (above one half), right where told."""
    confidence, right = np.asarray(confidence, float), np.asarray(right, bool)
    margin = np.log(confidence) - np.log1p(-confidence)
    logits = np.stack([np.where(right, margin, 0), np.where(right, 0, margin)], axis=1)
    return predictions_of(logits, np.zeros(len(right)), ids, name)


def shifted_world(
    n: int, seed: int, overconfidence: float = 1.0, tables: Sequence[str] = ("fog-1", "fog-3")
) -> Evidence:
    """Return evidence of a model that is calibrated but for the factor on its margins.

    Whether an item is right under one corruption and under another goes together.
    """
    rng = np.random.default_rng(seed)
    luck = rng.random(n)
    base = rng.uniform(0, 3, n)

    def table(name: str, severity: int) -> Predictions:
        margin = np.abs(base - 0.3 * severity + 0.2 * rng.normal(size=n))
        true = 1 / (1 + np.exp(-margin))
        own = np.where(rng.random(n) < 0.7, luck, rng.random(n))
        shown = 1 / (1 + np.exp(-overconfidence * margin))
        return confident_table(shown, own < true, name)

    found = {name: table(name, int(name[-1])) for name in tables}
    return Evidence(table("clean", 0), found, seed=seed)
