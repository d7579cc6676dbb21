"""What the measures of tags read off predictions."""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.data.texts.entity_counts import EntityCounts, entity_counts
from finetrust.data.texts.tag_scheme import TagScheme, scheme_of

NEEDS = ("true_tags", "pred_tags")


def scheme_in(evidence: Evidence) -> TagScheme:
    """Return what the tags of the evidence say of words.

    Raises
    ------
    NotApplicable
        If the tags have no names.
    """
    if not evidence.classes:
        raise NotApplicable("the tags have no names")
    return scheme_of(evidence.classes)


def counts_in(predictions: Predictions, scheme: TagScheme) -> EntityCounts:
    """Return the counts of entities in each text of the predictions."""
    return entity_counts(predictions["true_tags"], predictions["pred_tags"], scheme)


def words_of(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for every word its text, its tag and the predicted one: int64 arrays (words,)."""
    rows = predictions["true_tags"]
    text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return text, _joined(rows), _joined(predictions["pred_tags"])


def _joined(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int64)
