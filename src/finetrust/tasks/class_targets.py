"""One class an item: what image and text classification have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.trust.accuracy.probabilities import has_answer, log_probabilities


def require_classes(dataset: Dataset, task: str) -> Dataset:
    """Return `dataset` if its targets are class indices.

    Raises
    ------
    UserError
        If they are something else.
    """
    if dataset.targets.ndim == 1 and dataset.targets.dtype.kind == "i" and dataset.classes:
        return dataset
    raise UserError(
        f"{dataset.name}: the data are made for {dataset.task}, and {task} takes one class for each "
        "item",
        f"Leave --task out, or choose --task {dataset.task}.",
    )


def aligned(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    """Return `dataset` with its class indices counted in the classes of a model.

    Raises
    ------
    UserError
        For a class of the data that the model does not know.
    """
    mapping = class_positions(dataset, classes)
    return replace(dataset, targets=mapping[dataset.targets], classes=classes)


def class_positions(dataset: Dataset, classes: tuple[str, ...]) -> np.ndarray:
    """Return where each class of the data stands among `classes`: int64 array.

    A name that is spelled otherwise counts (case, underscores) unless the very same one is there.

    Raises
    ------
    UserError
        For a class of the data that is not among them.
    """
    exact = {name: i for i, name in enumerate(classes)}
    alike = {_plain(name): i for i, name in enumerate(classes)}
    unknown = [name for name in dataset.classes if _plain(name) not in alike]
    if unknown:
        known = f"{', '.join(classes[:10])}{' ...' if len(classes) > 10 else ''}"
        raise UserError(
            f"{dataset.name}: class '{unknown[0]}' is not among the {len(classes)} classes of the model",
            f"{did_you_mean(unknown[0], classes)} The model knows {known}.".strip(),
        )
    positions = [exact.get(name, alike[_plain(name)]) for name in dataset.classes]
    return np.array(positions, dtype=np.int64)


def counts_by_class(dataset: Dataset) -> np.ndarray:
    """Return how many items each class has: int64 array (classes,)."""
    return np.bincount(dataset.targets, minlength=len(dataset.classes))


def refuse_lost_classes(before: Dataset, after: Dataset) -> None:
    """Raise UserError if a class has lost all its items to the checks, or only one is there."""
    had, has = (counts_by_class(d) > 0 for d in (before, after))
    lost = np.flatnonzero(had & ~has)
    noun = before.kind.name
    if len(lost):
        raise UserError(
            f"{before.name}: no {noun} of class '{before.classes[lost[0]]}' can be read",
            f"Restore its {before.kind.plural} or remove the class.",
        )
    if has.sum() < 2:
        only = before.classes[int(np.flatnonzero(has)[0])]
        raise UserError(
            f"{before.name}: only one class, '{only}'; a classifier needs two at least",
            f"Add {before.kind.plural} of another class; each class has a folder or a label of its own.",
        )


def balanced_weights(counts: np.ndarray) -> Tensor:
    """Return weights of the classes by inverse frequency, 1 on average over the items."""
    counts = counts.clip(1)
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


def class_figures(judged: Sequence[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Return loss and accuracy of logits (n, classes) and class indices (n,), batch by batch."""
    logits, targets = (torch.cat(column) for column in zip(*judged, strict=True))
    return {
        "loss": float(functional.cross_entropy(logits.double(), targets)),
        "accuracy": float((logits.argmax(1) == targets).double().mean()),
    }


def class_predictions(part: Dataset, logits: Tensor) -> Predictions:
    """Return logits (n, classes) as the columns ``target`` and ``logits``."""
    columns = {
        "target": part.targets.astype(np.int64),
        "logits": logits.float().cpu().numpy(),
    }
    return Predictions(np.asarray(part.ids, dtype=str), columns)


def decoded_classes(
    logits: Tensor, classes: Sequence[str], calibration: Mapping[str, Any], top: int
) -> list[dict[str, Any]]:
    """Return the most probable classes of each item, with calibrated probabilities."""
    scores = logits.float().cpu().numpy()
    probabilities = np.full(scores.shape, np.nan)
    answered = has_answer(scores)
    probabilities[answered] = np.exp(log_probabilities(scores[answered], calibration))
    return [_decoded(torch.from_numpy(of_item), classes, top) for of_item in probabilities]


def classes_line(answer: Mapping[str, Any]) -> str:
    """Return the most probable classes of one item on one line."""
    return "\t".join(f"{best['class']} {best['probability']:.1%}" for best in answer["top"])


def _decoded(probabilities: Tensor, classes: Sequence[str], top: int) -> dict[str, Any]:
    if not probabilities.isfinite().all():
        return {"error": "the model returned NaN or infinity"}
    values, indices = probabilities.topk(min(top, len(classes)))
    best = [
        {"class": classes[int(i)], "probability": float(p)}
        for p, i in zip(values, indices, strict=True)
    ]
    return {**best[0], "top": best}


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ")
