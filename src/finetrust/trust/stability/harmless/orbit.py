"""What a model says about items under every harmless change, beside what it says untouched.

The images that the changes make of one image are its orbit (Engstrom et al., "Exploring the Landscape
of Spatial Robustness", ICML 2019, for the worst of them).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.trust.accuracy.probabilities import NO_ANSWER, calibrated, predicted_classes
from finetrust.trust.stability.harmless.trial import ALTERED
from finetrust.trust.trials.same_items import same_items

TRIAL = "harmless_changes"
NOT_ALTERED = (
    "these changes alter no pixel of these images: a resize does not where they have the size that the "
    "model takes, a colour space not where they are grey"
)

ByChange = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Orbit:
    """The same n items untouched and under every change that alters any of them.

    Parameters
    ----------
    ids : str array (n,)
    right : bool array (n,)
        Untouched.
    kept, right_under : mapping of family to mapping of change to bool array (n,)
        Whether the answer is the untouched one, and whether it is right. An item for which the model
        returned NaN or infinity, untouched or changed, has no answer: neither holds.
    moved : mapping of family to mapping of change to float array (n,)
        How far the confidence in the untouched answer moved; NaN where there is no answer.
    unaltered : tuple of str
        The families of which no change alters any image.
    """

    ids: np.ndarray
    right: np.ndarray
    kept: Mapping[str, ByChange]
    right_under: Mapping[str, ByChange]
    moved: Mapping[str, ByChange]
    unaltered: tuple[str, ...]


@once
def orbit(evidence: Evidence) -> Orbit:
    """Return what the trial of harmless changes found.

    Raises
    ------
    NotApplicable
        If it was not held, or altered no image.
    """
    tables = evidence.tables(TRIAL)
    clean, *changed = same_items([evidence.clean, *tables.values()])
    calibration = evidence.calibration
    answer, confidences = predicted_classes(clean, calibration), calibrated(clean, calibration)
    kept: dict[str, dict[str, np.ndarray]] = {}
    right: dict[str, dict[str, np.ndarray]] = {}
    moved: dict[str, dict[str, np.ndarray]] = {}
    for step, table in zip(tables, changed, strict=True):
        if not table[ALTERED].any():
            continue
        family, _, change = step.partition(".")
        found = predicted_classes(table, calibration)
        kept.setdefault(family, {})[change] = (found == answer) & (answer != NO_ANSWER)
        right.setdefault(family, {})[change] = found == clean["target"]
        moved.setdefault(family, {})[change] = _moved(
            answer, confidences, calibrated(table, calibration)
        )
    if not kept:
        raise NotApplicable(NOT_ALTERED)
    named = dict.fromkeys(step.partition(".")[0] for step in tables)
    unaltered = tuple(family for family in named if family not in kept)
    return Orbit(clean.ids, answer == clean["target"], kept, right, moved, unaltered)


def _moved(answer: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    rows = np.arange(len(answer))
    moved = np.abs(after[rows, answer] - before[rows, answer])
    # One class lacks a number only if all do; without an answer there is no class to look at.
    return np.where(answer == NO_ANSWER, np.nan, moved)
