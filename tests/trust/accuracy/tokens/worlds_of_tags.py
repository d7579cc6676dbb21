"""Evidence of tagged words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions, ragged

TAGS = ("O", "B-loc", "B-per", "I-loc", "I-per")

Texts = Sequence[Sequence[str]]


def table_of(true: Texts, predicted: Texts, sharpness: float = 3.0, ids: Any = None) -> Predictions:
    """Return predictions whose logits decide for the predicted tags."""
    labels, found = _ids(true), _ids(predicted)
    columns = {
        "true_tags": ragged(labels),
        "pred_tags": ragged(found),
        "tag_logits": ragged([sharpness * np.eye(len(TAGS))[row] for row in found]),
    }
    names = np.arange(len(labels)) if ids is None else ids
    return Predictions(np.asarray(names).astype(str), columns)


def tagged(true: Texts, predicted: Texts, sharpness: float = 3.0, **rest: Any) -> Evidence:
    """Return evidence in which the words of texts have some tags and are given others."""
    return Evidence(table_of(true, predicted, sharpness), classes=TAGS, **rest)


def random_texts(n: int, seed: int, right: float = 0.7) -> tuple[list[list[str]], list[list[str]]]:
    """Return tags of `n` texts and predicted ones, of which a share `right` is kept."""
    rng = np.random.default_rng(seed)
    true, predicted = [], []
    for _ in range(n):
        words = int(rng.integers(3, 15))
        text = [str(tag) for tag in rng.choice(TAGS, words, p=[0.7, 0.1, 0.1, 0.05, 0.05])]
        other = [str(tag) for tag in rng.choice(TAGS, words)]
        hardness = rng.beta(4, 4)
        kept = rng.random(words) < right + 0.4 * (hardness - 0.5)
        true.append(text)
        predicted.append([a if k else b for a, b, k in zip(text, other, kept, strict=True)])
    return true, predicted


@st.composite
def text_pairs(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    """Tags of up to 8 texts and as many predicted ones."""
    lengths = draw(st.lists(st.integers(0, 8), min_size=1, max_size=8))
    tags = [st.lists(st.sampled_from(TAGS), min_size=n, max_size=n) for n in lengths]
    return [draw(text) for text in tags], [draw(text) for text in tags]


def _ids(texts: Texts) -> list[np.ndarray]:
    return [np.array([TAGS.index(tag) for tag in text], np.int64) for text in texts]


def ordinary_tags() -> Evidence:
    """Return evidence of tagged words on which every measure of tags has a value."""
    true, predicted = random_texts(60, seed=0)
    perturbed = {
        f"{name}-{severity}": replace(
            table_of(true, random_texts(60, 0, 0.7 - 0.05 * severity)[1]),
            perturbation=f"{name}-{severity}",
        )
        for name in ("casing", "typos")
        for severity in (1, 2, 3)
    }
    baseline = table_of(true, random_texts(60, 0, 0.5)[1])
    return tagged(true, predicted, perturbed=perturbed, baseline=baseline, seed=3)
