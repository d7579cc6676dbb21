"""Which items make up a share: for accuracies, the items that are right."""

from collections.abc import Callable, Mapping

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.probabilities import is_right


def right(evidence: Evidence) -> np.ndarray | None:
    """Return which clean items are right: bool array (n,); None where that is not how it is put."""
    if "target" not in evidence.clean:
        return None
    if "logits" not in evidence.clean and "predicted_class" not in evidence.clean:
        return None
    return is_right(evidence.clean, evidence.calibration)


def _in_first_five(evidence: Evidence) -> np.ndarray | None:
    if "logits" not in evidence.clean:
        return None
    found = np.zeros(len(evidence.clean), dtype=bool)
    try:
        answers = answers_of(evidence)
    except NotApplicable:
        return found
    found[answers.rows] = answers.target_rank < 5
    return found


_HITS: Mapping[str, Callable[[Evidence], np.ndarray | None]] = {
    "accuracy": right,
    "recall": right,
    "subgroup_accuracy": right,
    "top_5_accuracy": _in_first_five,
}


def hits_of(name: str, subset: str, evidence: Evidence) -> np.ndarray | None:
    """Return for which items of a subset that holds whose share a measure is.

    Parameters
    ----------
    name, subset : str
        Of the measure.
    evidence : Evidence

    Returns
    -------
    bool array (m,) or None
        None where the measure is not known to be a share, or the subset to be of items.
    """
    if name not in _HITS:
        return None
    hits, rows = _HITS[name](evidence), rows_of(subset, evidence)
    return None if hits is None or rows is None else hits[rows]


def rows_of(subset: str, evidence: Evidence) -> np.ndarray | None:
    """Return which clean items are in a subset: bool array (n,); None where it is not of items."""
    if not subset:
        return np.ones(len(evidence.clean), dtype=bool)
    column, _, value = subset.partition("=")
    if column in evidence.groups:
        return np.asarray(evidence.groups[column]).astype(str) == value
    if column == "class" and "target" in evidence.clean:
        names = evidence.classes or tuple(map(str, range(_n_classes(evidence))))
        return evidence.clean["target"] == names.index(value) if value in names else None
    return None


def _n_classes(evidence: Evidence) -> int:
    return evidence.clean["logits"].shape[1] if "logits" in evidence.clean else 0
