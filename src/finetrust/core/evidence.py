"""Evidence: all predictions of one model on one data set that measures are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from finetrust.core.predictions import Predictions


@dataclass(frozen=True)
class Evidence:
    """What every measure may read; a pure value, no model and no files.

    Parameters
    ----------
    clean : Predictions
        On the untouched evaluation data.
    perturbed : mapping of str to Predictions
        The clean items, or a sample of them in any order (matched by id), under each perturbation,
        by its name (``"gaussian_noise-3"``: corruption type, dash, severity).
    classes : tuple of str
        Class names in the order of the logits; empty where the task has none.
    calibration : mapping
        What was fitted on validation data and is applied to the outputs, e.g.
        ``{"temperature": 1.7}``; empty if nothing was.
    baseline : Predictions or None
        What a plain model that was trained on the same data says about the clean items.
    groups : mapping of str to array of str (n,)
        Subgroup columns of the evaluation data.
    data : mapping
        Facts about the evaluation data: ``train_overlap_exact`` and ``train_overlap_near`` (lists
        of [evaluation id, training id]), ``n_train`` (None when the training data are unknown).
    seed : int
        Seed of every resampling.
    """

    clean: Predictions
    perturbed: Mapping[str, Predictions] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    baseline: Predictions | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
