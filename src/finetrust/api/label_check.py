"""The check of training labels: which of them the features of the pretrained model contradict."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.core.kept import kept
from finetrust.core.progress import say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.duplicates import near_digests, originals
from finetrust.data.index import DataIndex
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.trust.data.confident_learning import (
    normalised_margin,
    prune_by_noise_rate,
    self_confidence,
)
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

MOST_CELLS = 400_000_000
FEWEST_A_CLASS = 10
MOST_KEPT = 10_000
ALARM = 0.001
FORMAT = 1
"""Raise it when the same features lead to other suspects."""


@dataclass(frozen=True)
class LabelSuspects:
    """What the check found.

    Parameters
    ----------
    share, ci_low, ci_high, p_value : float
        Of wrong labels; see :class:`finetrust.trust.data.label_noise.LabelNoise`.
    alarm : bool
        Whether it is all but sure that there are any.
    n : int
        How many labels were checked: all of which another fold holds the class, or as many of them as
        can be in a short time.
    n_train : int
    suspects : tuple of mapping
        ``id``, ``label``, ``suggested`` class, ``confidence`` in it, ``probability_wrong`` of the
        label, and whether confident learning would remove it (``agreed``); as many as may be wrong,
        the gravest first.
    """

    share: float
    ci_low: float
    ci_high: float
    p_value: float
    alarm: bool
    n: int
    n_train: int
    suspects: tuple[dict[str, Any], ...]

    @property
    def line(self) -> str:
        """What a reader must know, as a sentence."""
        checked = f"{self.n:,} training labels"
        if self.n < self.n_train:
            checked = f"{self.n:,} of {self.n_train:,} training labels"
        if not self.alarm:
            return f"{checked} checked: no sign of wrong ones."
        worst = self.suspects[0]
        return (
            f"{checked} checked: about {self.share:.1%} ({self.ci_low:.1%} to {self.ci_high:.1%}) seem "
            f"wrong, for example {worst['id']}, labelled '{worst['label']}' and more like "
            f"'{worst['suggested']}'. {len(self.suspects)} suspects are listed in "
            "data/label_suspects.json."
        )


def check_labels(
    inference: Inference,
    train: Dataset,
    index: DataIndex,
    folder: RunFolder,
    seed: int,
    workers: int | None,
) -> None:
    """Judge the training labels where that is quick, say what was found, and keep it in the run.

    Parameters
    ----------
    inference : Inference
        The pretrained model, whose features of the training items are kept.
    train : Dataset
        Left alone unless each item has one class, one row of features, and there are ten items.
    index : DataIndex
        With the signatures of all items, among which near copies are sought.
    folder : RunFolder
        Gets ``data/label_suspects.json``.
    seed : int
    workers : int or None
    """
    if not _has_one_class_an_item(train) or len(train) < 2 * FOLDS:
        return
    features = compute_features(inference, train, workers)
    one = features.take(np.arange(1))
    if not (isinstance(one, Tensor) and one.ndim == 2):
        return
    n_classes = len(train.classes)
    most = MOST_CELLS // (one.shape[1] * n_classes)
    if most < min(len(train), FEWEST_A_CLASS * n_classes):
        say(f"Training labels not checked: it would take too long with {n_classes} classes.")
        return
    rows = np.arange(len(train))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    taken = features.take(rows)
    assert isinstance(taken, Tensor)
    part = train.take(rows)
    near = near_digests(index.digests, index.signatures, train.kind)
    depends_on: tuple[str | bytes, ...] = (
        inference.key,
        *part.digests,
        *part.ids,
        *train.classes,
        part.targets.astype(np.int64).tobytes(),
        json.dumps([near, seed, len(train)]),
    )

    def find() -> dict[str, Any] | None:
        taken = features.take(rows)
        assert isinstance(taken, Tensor)
        suspects = find_suspects(taken.numpy(), part, near, seed, len(train))
        return None if suspects is None else asdict(suspects)

    found = kept(f"label-check-{FORMAT}", depends_on, find)
    if found is None:
        say("Training labels not checked: no class has two items that are no copies.")
        return
    write_json(_file(folder), found)
    say(LabelSuspects(**found).line)


def find_suspects(
    features: np.ndarray,
    part: Dataset,
    near: Sequence[tuple[str, str]],
    seed: int,
    n_train: int,
) -> LabelSuspects | None:
    """Return the suspects among the labels of `part`, by out-of-fold probabilities.

    A label of which no other fold has an item is left out; None where that leaves none.

    Parameters
    ----------
    features : float32 array (n, d)
    part : Dataset (n,)
    near : sequence of pairs of str
        Digests of contents that are nearly the same.
    seed : int
    n_train : int
        Of how many items `part` was drawn.
    """
    folds = folds_of(originals(part.digests, near), part.targets, seed)
    log_p = out_of_fold_log_probabilities(features, part.targets, folds, len(part.classes))
    judged = np.flatnonzero(has_label_elsewhere(part.targets, folds))
    if not len(judged):
        return None
    return _suspects(log_p[judged], part.take(judged), n_train)


def suspects_of(folder: RunFolder) -> dict[str, Any]:
    """Return the suspects of a run as a fact about its training data; empty if none were sought."""
    file = _file(folder)
    if not file.exists():
        return {}
    try:
        return {"train_label_suspects": json.loads(file.read_text(encoding="utf-8"))}
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file}: cannot be read ({error})", "Restore the file, or delete it."
        ) from error


def _has_one_class_an_item(train: Dataset) -> bool:
    single = train.targets.ndim == 1 and np.issubdtype(train.targets.dtype, np.integer)
    return bool(single) and len(train.classes) > 1


def _file(folder: RunFolder) -> Path:
    return folder.path / "data" / "label_suspects.json"


def _suspects(log_p: np.ndarray, part: Dataset, n_train: int) -> LabelSuspects:
    noise = label_noise(log_p, part.targets)
    return LabelSuspects(
        noise.share,
        noise.ci_low,
        noise.ci_high,
        noise.p_value,
        noise.p_value < ALARM,
        len(part),
        n_train,
        tuple(_listed(log_p, part, noise)),
    )


def _listed(log_p: np.ndarray, part: Dataset, noise: LabelNoise) -> Iterator[dict[str, Any]]:
    p, labels = np.exp(log_p), part.targets
    contradicted = np.flatnonzero(normalised_margin(p, labels) < 0)
    own = self_confidence(p, labels)
    count = min(MOST_KEPT, int(np.ceil(noise.ci_high * len(part))))
    rows = contradicted[np.argsort(own[contradicted], kind="stable")][:count]
    suggested, agreed = p.argmax(axis=1), prune_by_noise_rate(p, labels)
    from_best = log_p[rows] - log_p[rows].max(axis=1, keepdims=True)
    possible = probability_of(from_best, labels[rows], noise.temperature)
    doubt = probability_wrong(possible, noise.share, len(part.classes))
    for row, wrong in zip(rows, doubt, strict=True):
        yield {
            "id": part.ids[row],
            "label": part.classes[labels[row]],
            "suggested": part.classes[suggested[row]],
            "confidence": float(p[row, suggested[row]]),
            "probability_wrong": float(wrong),
            "agreed": bool(agreed[row]),
        }
