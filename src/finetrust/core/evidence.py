"""Evidence: all predictions of one model on one data set that measures are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Evidence:
    """What every measure may read; a pure value, no model and no files.

    Parameters
    ----------
    clean : Predictions
        On the untouched evaluation data.
    perturbed : mapping of str to Predictions
        The clean items, or a sample of them in any order (matched by id), under each perturbation,
        by its name (``"gaussian_noise-3"``: corruption type, dash, severity).
    trials : mapping of str to mapping of str to Predictions
        What other trials of stability found: the tables of their steps, by trial and step.
    untried : mapping of str to str
        Why a trial was not held, by its name.
    classes : tuple of str
        Class names in the order of the logits; empty where the task has none.
    calibration : mapping
        What was fitted on validation data and is applied to the outputs, e.g.
        ``{"temperature": 1.7}``; empty if nothing was.
    baseline : Predictions or None
        What a plain model that was trained on the same data says about the clean items.
    validation : Predictions or None
        What the model says about validation data, on which thresholds are chosen.
    groups : mapping of str to array of str (n,)
        Subgroup columns of the evaluation data.
    protected : tuple of str
        Those of the subgroup columns that are protected attributes.
    properties : mapping of str to float array (n,)
        What was measured of each input, e.g. ``brightness``; NaN where it is not known.
    data : mapping
        Facts about the evaluation data: ``train_overlap_exact`` and ``train_overlap_near`` (lists
        of [evaluation id, training id]), ``n_train`` (None when the training data are unknown),
        ``train_class_counts`` (training items of each class; None where unknown).
    seed : int
        Seed of every resampling.
    """

    clean: Predictions
    perturbed: Mapping[str, Predictions] = field(default_factory=dict)
    trials: Mapping[str, Mapping[str, Predictions]] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    baseline: Predictions | None = None
    validation: Predictions | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    properties: Mapping[str, np.ndarray] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def tables(self, trial: str) -> Mapping[str, Predictions]:
        """Return the tables of a trial, by step.

        Raises
        ------
        NotApplicable
            If it was not held, with the reason.
        """
        found = self.perturbed if trial == "corruptions" else self.trials.get(trial, {})
        if not found:
            raise NotApplicable(self.untried.get(trial, "the model was not put to this trial"))
        return found

    def take(self, rows: np.ndarray) -> "Evidence":
        """Return what is known of the clean items at `rows` (int array); the rest stays as it is."""
        clean = self.clean.take(rows)
        return replace(
            self,
            clean=clean,
            perturbed={
                name: table.take(np.flatnonzero(np.isin(table.ids, clean.ids)))
                for name, table in self.perturbed.items()
            },
            groups={name: values[rows] for name, values in self.groups.items()},
            properties={name: values[rows] for name, values in self.properties.items()},
        )
