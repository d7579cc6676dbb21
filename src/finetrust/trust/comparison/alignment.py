"""The same items in the same order: two evidences of two models, brought together by id."""

from dataclasses import replace

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.evidence import Evidence

_TRUTHS = ("target", "label_targets", "number", "pixel_targets")
_MEND = "Judge both on the same data, or compare them as samples of their own with --unpaired."


def aligned(reference: Evidence, other: Evidence, names: tuple[str, str]) -> Evidence:
    """Return `other` in the order of the items of `reference`, with its seed.

    Parameters
    ----------
    reference, other : Evidence
    names : (str, str)
        What the two are called in an error.

    Raises
    ------
    UserError
        If they are not of the same items, an id occurs twice, or their labels differ.
    """
    ours, theirs = reference.clean.ids, other.clean.ids
    for ids, name in zip((ours, theirs), names, strict=True):
        if len(np.unique(ids)) != len(ids):
            raise UserError(f"{name}: two items have the same id", _MEND)
    missing, more = np.setdiff1d(ours, theirs), np.setdiff1d(theirs, ours)
    if len(missing) or len(more):
        example = missing[0] if len(missing) else more[0]
        raise UserError(
            f"{names[0]} and {names[1]} were judged on different items: {len(ours):,} and "
            f"{len(theirs):,}, of which {len(ours) - len(missing):,} are the same; "
            f"'{example}' is in one of them only",
            _MEND,
        )
    order = np.argsort(theirs)
    rows = order[np.searchsorted(theirs, ours, sorter=order)]
    found = replace(other.take(rows), seed=reference.seed)
    differ = _differing(reference, found)
    if len(differ):
        raise UserError(
            f"{names[0]} and {names[1]} have different labels for {len(differ):,} of "
            f"{len(ours):,} items, '{ours[differ[0]]}' among them",
            _MEND,
        )
    return found


def _differing(reference: Evidence, other: Evidence) -> np.ndarray:
    """Return the rows whose truth differs: int array."""
    differ = np.zeros(len(reference.clean), dtype=bool)
    for name, ours in reference.clean.columns.items():
        if name in other.clean and (name in _TRUTHS or name.startswith("true_")):
            theirs = other.clean[name]
            if name == "target":
                ours, theirs = _named(ours, reference), _named(theirs, other)
            differ |= _unequal(ours, theirs)
    return np.flatnonzero(differ)


def _named(targets: np.ndarray, evidence: Evidence) -> np.ndarray:
    """Return class names for indices, so that models may order their classes differently."""
    return np.asarray(evidence.classes)[targets] if evidence.classes else targets


def _unequal(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    if ours.dtype == object or ours.shape != theirs.shape:
        return np.array([not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)], bool)
    return (ours != theirs).reshape(len(ours), -1).any(axis=1)
