"""Worlds of models that were trained again, as the tests of this folder share them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

from ...worlds import logits_for, predictions_of


def decided(answers: Any, targets: Any, classes: int, name: str = "clean") -> Predictions:
    """Return predictions that decide for `answers` (n,)."""
    return predictions_of(logits_for(answers, classes), targets, name=name)


def repeats_world(
    run: Any, repeats: Mapping[str, Any], targets: Any = None, classes: int = 3, **rest: Any
) -> Evidence:
    """Return evidence of a run and its repeats, given their decisions by the name of the step."""
    targets = np.zeros(len(run)) if targets is None else targets
    tables = {name: decided(of, targets, classes, name) for name, of in repeats.items()}
    return Evidence(decided(run, targets, classes), trials={"repeats": tables}, **rest)


def flipped(n: int, k: int, share: float, seed: int, spread: float = 0.0) -> dict[str, np.ndarray]:
    """Return decisions of k repeats that differ from a run of zeros by independent flips.

    With `spread` the share of flips is itself another in every repeat (log-normal, of that mean).
    """
    rng = np.random.default_rng(seed)
    shares = share * np.exp(rng.normal(-(spread**2) / 2, spread, k))
    return {f"seed-{i + 1}": (rng.random(n) < shares[i]).astype(int) for i in range(k)}


def ordered(accuracies: Mapping[str, float], n: int = 1000) -> Evidence:
    """Return a world in which each model is right on exactly that share of the items."""
    place = (np.arange(n) + 0.5) / n
    found = {name: (place >= accuracy).astype(int) for name, accuracy in accuracies.items()}
    return repeats_world(found.pop("run"), found)
