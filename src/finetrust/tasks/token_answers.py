"""What a model that tags words answers: tables of predictions, and entities as JSON values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from finetrust.core.predictions import Predictions, ragged
from finetrust.data.dataset import Dataset
from finetrust.data.texts.entity_confidence import entity_confidence
from finetrust.data.texts.entity_counts import entity_counts, micro_f1
from finetrust.data.texts.tag_scheme import NO_TAG, entities, scheme_of
from finetrust.models.text_preprocessing import words_of
from finetrust.tasks.token_samples import PADDING

Judged = tuple[list[np.ndarray], list[np.ndarray], float]
"""Tags of each text of a batch, the predicted ones, and the sum of the losses of the words."""


def judged_tags(logits: Tensor, targets: Tensor) -> Judged:
    """Return what :func:`tag_figures` needs of logits (n, words, tags) and tags (n, words)."""
    logits, wanted = logits.cpu().double(), targets.cpu()[:, : logits.shape[1]]
    loss = functional.cross_entropy(
        logits.flatten(0, 1), wanted.flatten(), ignore_index=PADDING, reduction="sum"
    )
    predicted = _decided(logits.numpy())
    rows = [(t.numpy(), p) for t, p in zip(wanted, predicted, strict=True)]
    return (
        [true[true != PADDING] for true, _ in rows],
        [p[true != PADDING] for true, p in rows],
        float(loss),
    )


def tag_figures(judged: Sequence[Judged], classes: Sequence[str]) -> dict[str, float]:
    """Return entity F1, accuracy of the tags and mean loss of a validation pass."""
    true = [row for rows, _, _ in judged for row in rows]
    predicted = [row for _, rows, _ in judged for row in rows]
    words = sum(len(row) for row in true)
    right = sum(int((t == p).sum()) for t, p in zip(true, predicted, strict=True))
    return {
        "loss": sum(loss for _, _, loss in judged) / max(words, 1),
        "entity_f1": micro_f1(entity_counts(true, predicted, scheme_of(classes))),
        "token_accuracy": right / max(words, 1),
    }


def tag_predictions(part: Dataset, logits: np.ndarray | Sequence[np.ndarray]) -> Predictions:
    """Return logits as the columns ``true_tags``, ``pred_tags`` and ``tag_logits``.

    Parameters
    ----------
    part : Dataset (n,)
    logits : sequence of float array (words or more, tags)
        Of each text; what is beyond its words is left out.
    """
    true = [np.asarray(tags, np.int64) for tags in part.targets]
    own = [row[: len(tags)] for row, tags in zip(logits, true, strict=True)]
    columns = {
        "true_tags": ragged(true),
        "pred_tags": ragged([_decided(row) for row in own]),
        "tag_logits": ragged([row.astype(np.float32) for row in own]),
    }
    return Predictions(np.asarray(part.ids, dtype=str), columns)


def decoded_entities(
    logits: Tensor,
    values: Sequence[str | tuple[str, ...]],
    classes: Sequence[str],
    calibration: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the entities in each text: type, text, where it lies in the text, and probability.

    Parameters
    ----------
    logits : Tensor (n, words or more, tags)
    values : sequence of str or tuple of str (n,)
        Places are counted in characters of a str, or of the words with single spaces between them.
    classes : sequence of str
    calibration : mapping
    """
    temperature = calibration.get("temperature", 1.0)
    scheme = scheme_of(classes)
    answers: list[dict[str, Any]] = []
    for value, row in zip(values, logits.double().cpu(), strict=True):
        words = words_of(value)
        own = row[: len(words)]
        if not own.isfinite().all():
            answers.append({"error": "the model returned NaN or infinity"})
            continue
        tags = _decided(own.numpy())
        confidence = torch.softmax(own / temperature, dim=1).amax(dim=1).numpy()
        found = entities([tags], scheme)
        text = value if isinstance(value, str) else " ".join(words)
        places = _places(text, words)
        answers.append(
            {
                "entities": [
                    {
                        "type": scheme.types[kind],
                        "text": text[places[start][0] : places[stop - 1][1]],
                        "start": places[start][0],
                        "end": places[stop - 1][1],
                        "probability": float(probability),
                    }
                    for kind, start, stop, probability in zip(
                        found.kind,
                        found.start,
                        found.stop,
                        entity_confidence(found, [confidence]),
                        strict=True,
                    )
                ]
            }
        )
    return answers


def entities_line(answer: Mapping[str, Any]) -> str:
    """Return the entities of a text on one line."""
    told = [f"{e['text']} ({e['type']}, {e['probability']:.1%})" for e in answer["entities"]]
    return "; ".join(told) or "no entity"


def _decided(logits: np.ndarray) -> np.ndarray:
    """Return the tag with the largest logit; ``NO_TAG`` where one is not finite."""
    finite = np.isfinite(logits).all(axis=-1)
    return np.where(finite, logits.argmax(axis=-1), NO_TAG).astype(np.int64)


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return where each word starts and ends in the text."""
    places = []
    at = 0
    for word in words:
        start = text.index(word, at)
        at = start + len(word)
        places.append((start, at))
    return places
