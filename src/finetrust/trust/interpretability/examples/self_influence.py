"""Training items whose label only they themselves speak for: those of the highest self-influence."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.interpretability.examples.shown_examples import NEAREST, SELF_INFLUENCE

SUSPECTS_SHOWN = 1_000


@measure(
    "self_influence",
    axis="data",
    topic="test",
    title="Training labels that stand alone",
    better="lower",
    method="Of the 5 % of training items with the highest self-influence (by how much the loss of an "
    "item rises if it is left out of the training of the last layer), the share whose label is not that "
    "which the layer answers and which all five most similar training items have. By the influence function "
    "with the exact Hessian, or by TracIn where the layer is too large. Wilson score interval. The details "
    "name all of them that the layer and most of the similar items contradict, the gravest first.",
    reference="Koh & Liang 2017, arXiv:1703.04730, section 5.4; Pruthi et al. 2020, arXiv:2002.08484",
    unit="%",
    share=True,
    secondary=True,
    meaning="Of the training items that the model had to learn by heart, how many carry a label that "
    "everything else speaks against; those are the first to look at.",
)
def self_influence(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share among the most self-influential items; the details hold the suspects."""
    table = evidence.tables("examples")[SELF_INFLUENCE]
    top = np.flatnonzero(table["alike"] != NO_ANSWER)
    if not len(top):
        raise NotApplicable("there is no training item with others to compare it with")
    top = top[np.argsort(-table["self_influence"][top], kind="stable")]
    label = table["label"][top]
    contradicted = (table["alike"][top] != label) & (table["suggested"][top] != label)
    alone = contradicted & _unanimous(table, top)
    low, high = wilson(alone.sum(), len(top))
    details = {
        "n_train": len(table),
        "way": str(table["way"][0]),
        "suspects": _suspects(table, top[contradicted][:SUSPECTS_SHOWN], evidence),
    }
    yield Estimate(float(alone.mean()), float(low), float(high), len(top), details=details)


def _unanimous(table: Predictions, rows: np.ndarray) -> np.ndarray:
    """Return where all similar items have the label that the layer answers: bool array (k,)."""
    same = table["alike"][rows] == table["suggested"][rows]
    return same & (table["alike_count"][rows] == NEAREST)


def _suspects(table: Predictions, rows: np.ndarray, evidence: Evidence) -> list[dict[str, Any]]:
    names = class_names(evidence)
    listed = evidence.data.get("train_label_suspects") or {}
    others = {suspect["id"] for suspect in listed.get("suspects", ())}
    unanimous = _unanimous(table, rows)
    return [
        {
            "id": str(table.ids[row]),
            "label": names[table["label"][row]],
            "suggested": names[table["suggested"][row]],
            "self_influence": float(table["self_influence"][row]),
            "alone": bool(alone),
            "in_label_check": str(table.ids[row]) in others,
        }
        for row, alone in zip(rows, unanimous, strict=True)
    ]
