"""The check of training labels: which of them the features of the pretrained model contradict."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.core.progress import say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.duplicates import near_digests, originals
from finetrust.data.index import DataIndex
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.trust.data.confident_learning import prune_by_noise_rate
from finetrust.trust.data.label_noise import LabelNoise, label_noise
from finetrust.trust.data.out_of_fold import FOLDS, folds_of, out_of_fold_log_probabilities

MOST_CELLS = 400_000_000
FEWEST_A_CLASS = 10
MOST_KEPT = 10_000
ALARM = 0.001


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
        How many labels were checked: all, or as many as can be in a short time.
    n_train : int
    suspects : tuple of mapping
        ``id``, ``label``, ``suggested``, ``probability`` of the given label, and whether confident
        learning would remove it (``agreed``); as many as may be wrong, the gravest first.
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
        With the signatures of the training items.
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
    found = find_suspects(
        taken.numpy(), train.take(rows), index.of_split("train"), seed, len(train)
    )
    write_json(_file(folder), asdict(found))
    say(found.line)


def find_suspects(
    features: np.ndarray, part: Dataset, index: DataIndex, seed: int, n_train: int
) -> LabelSuspects:
    """Return the suspects among the labels of `part`, by out-of-fold probabilities.

    Parameters
    ----------
    features : float32 array (n, d)
    part : Dataset (n,)
    index : DataIndex
        With the signatures of all items of `part`.
    seed : int
    n_train : int
        Of how many items `part` was drawn.
    """
    near = near_digests(index.digests, index.signatures, part.kind)
    folds = folds_of(originals(part.digests, near), part.targets, seed)
    log_p = out_of_fold_log_probabilities(features, part.targets, folds, len(part.classes))
    noise = label_noise(log_p, part.targets)
    return _suspects(log_p, part, noise, n_train)


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


def _suspects(log_p: np.ndarray, part: Dataset, noise: LabelNoise, n_train: int) -> LabelSuspects:
    p = np.exp(log_p)
    own = p[np.arange(len(part)), part.targets]
    suggested, agreed = p.argmax(axis=1), prune_by_noise_rate(p, part.targets)
    contradicted = np.flatnonzero(suggested != part.targets)
    count = min(MOST_KEPT, int(np.ceil(noise.ci_high * len(part))))
    rows = contradicted[np.argsort(own[contradicted], kind="stable")][:count]
    return LabelSuspects(
        noise.share,
        noise.ci_low,
        noise.ci_high,
        noise.p_value,
        noise.p_value < ALARM,
        len(part),
        n_train,
        tuple(
            {
                "id": part.ids[row],
                "label": part.classes[part.targets[row]],
                "suggested": part.classes[suggested[row]],
                "probability": float(own[row]),
                "agreed": bool(agreed[row]),
            }
            for row in rows
        ),
    )
