"""Confident learning: training items whose labels are probably wrong are left out (Northcutt et al. 2021)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import PrivateAttr
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.core.progress import say
from finetrust.data.dataset import Dataset
from finetrust.data.duplicates import originals
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.tasks.one_class import OneClass
from finetrust.trust.data.confident_learning import prune_by_noise_rate
from finetrust.trust.data.label_noise import (
    LabelNoise,
    label_noise,
    probability_of,
    probability_wrong,
)
from finetrust.trust.data.out_of_fold import (
    FOLDS,
    folds_of,
    has_label_elsewhere,
    out_of_fold_log_probabilities,
)
from finetrust.tuning.addition import Addition, End, Planned, Start, additions

MORE_LIKELY_WRONG = 0.5


@additions.register("confident-learning")
class ConfidentLearning(Addition):
    """Leaves out what :func:`wrong_labels` finds, by a probe on the pretrained features.

    Northcutt, Jiang & Chuang (2021), "Confident Learning: Estimating Uncertainty in Dataset Labels",
    JAIR 70, section 4.3. The probe is fitted to four fifths of the items and judges the others; copies
    of one another are judged together. What was left out is recorded in the run.
    """

    _found: dict[str, Any] = PrivateAttr(default_factory=dict)

    def check(self, planned: Planned) -> None:
        if not isinstance(planned.task, OneClass) or len(planned.dataset.classes) < 2:
            raise UserError(
                "confident-learning seeks wrong labels among several classes of images or texts, and "
                f"this task is {planned.task.pipeline or 'another'}",
                "Leave confident-learning out.",
            )
        if planned.options.weights == "random":
            raise UserError(
                "confident-learning judges labels by pretrained features, and --weights random has "
                "none",
                "Leave confident-learning or --weights random out.",
            )

    def training_rows(self, start: Start, inference: Inference) -> np.ndarray | None:
        train = start.train
        features = compute_features(inference, train, start.options.workers)
        taken = features.take(np.arange(len(train)))
        if not (isinstance(taken, Tensor) and taken.ndim == 2):
            raise UserError(
                "confident-learning needs one row of features an item, and this network has others",
                "Leave confident-learning out.",
            )
        pruned, noise = wrong_labels(taken.numpy(), train, start.options.seed)
        self._found = _facts(pruned, train, noise)
        say(_line(int(pruned.sum()), len(train)))
        return np.flatnonzero(~pruned) if pruned.any() else None

    def finish(self, end: End) -> dict[str, Any]:
        return self._found


def wrong_labels(
    features: np.ndarray, train: Dataset, seed: int
) -> tuple[np.ndarray, LabelNoise | None]:
    """Return which items are left out.

    Those that confident learning would prune by noise rate and class, if they are also more likely wrong
    than right by the share of wrong labels beyond the probe's own doubt
    (:mod:`finetrust.trust.data.label_noise`). Without that it takes every confident error of the probe for
    a wrong label, also where all are right. A class that would lose all its items loses none.

    Of 2,000 CIFAR-10 test images, on the features of a ResNet-56 by which the probe knows 85 %, none is
    left out where all labels are right (by the pruning alone: 121). With 20 % of wrong labels 90 % of what
    is left out is wrong, and 72 % of what is wrong is left out (alone: 73 % and 86 %).

    Parameters
    ----------
    features : float32 array (n, d)
        Of the pretrained network.
    train : Dataset (n,)
        With one class an item, and digests.
    seed : int
        Of the folds.

    Returns
    -------
    pruned : bool array (n,)
    noise : LabelNoise or None
        None where too few items can be judged.
    """
    pruned, labels = np.zeros(len(train), bool), train.targets
    if len(train) < 2 * FOLDS:
        return pruned, None
    folds = folds_of(originals(train.digests, ()), labels, seed)
    judged = np.flatnonzero(has_label_elsewhere(labels, folds))
    if not len(judged):
        return pruned, None
    log_p = out_of_fold_log_probabilities(features, labels, folds, len(train.classes))[judged]
    noise = label_noise(log_p, labels[judged])
    suspect = prune_by_noise_rate(np.exp(log_p), labels[judged])
    from_best = log_p - log_p.max(axis=1, keepdims=True)
    possible = probability_of(from_best, labels[judged], noise.temperature)
    doubt = probability_wrong(possible, noise.share, len(train.classes))
    pruned[judged] = suspect & (doubt > MORE_LIKELY_WRONG)
    left = np.bincount(labels[~pruned], minlength=len(train.classes))
    return pruned & (left[labels] > 0), noise


def _facts(pruned: np.ndarray, train: Dataset, noise: LabelNoise | None) -> dict[str, Any]:
    rows = np.flatnonzero(pruned)
    by_class = np.bincount(train.targets[rows], minlength=len(train.classes)).tolist()
    estimate: Mapping[str, float] = (
        {}
        if noise is None
        else {
            "share_wrong": noise.share,
            "ci_low": noise.ci_low,
            "ci_high": noise.ci_high,
            "p_value": noise.p_value,
        }
    )
    return {
        "n": len(train),
        "pruned": len(rows),
        **estimate,
        "by_class": dict(zip(train.classes, by_class, strict=True)),
        "ids": [train.ids[row] for row in rows],
    }


def _line(pruned: int, items: int) -> str:
    if not pruned:
        return f"confident-learning: none of {items:,} training labels is probably wrong."
    return (
        f"confident-learning: {pruned:,} of {items:,} training items are left out, for their labels are "
        "probably wrong."
    )
