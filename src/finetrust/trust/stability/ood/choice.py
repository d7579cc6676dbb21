"""Choosing a score: on validation data and changed copies of them, before it meets anything unfamiliar.

The combined score stands for all, for no change of familiar inputs tells which score is blind to what is
quite unlike them. Where validation items are too few for it, the score is chosen that marks most of the
copies at 5 % false alarms, for that is what ``predict`` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.trust.stability.ood.score import Unusualness
from finetrust.trust.stability.ood.scores.combined import COMBINED

NEAR_ONLY = frozenset({"relative_mahalanobis"})
"""Scores that are never chosen: a difference of two distances, which for inputs far from all that is
known hangs on how each of the two covariances was shrunk, and often says that they are familiar."""

UNCHOSEN = "energy"
"""The score that is taken where there are no data to choose by; it needs no fit."""

_KEPT = 0.95


@dataclass(frozen=True)
class Separation:
    """How well a score tells changed copies of validation items from the items, over all changes.

    Parameters
    ----------
    marked : float
        The share of the copies that is marked where 5 % of the items are.
    auroc : float
    """

    marked: float
    auroc: float


def separations(
    validation: Unusualness, changed: Mapping[str, Unusualness]
) -> dict[str, Separation]:
    """Return how well each score tells changed copies of validation items from the items.

    Parameters
    ----------
    validation : mapping of str to float array (n,)
        By the name of the score.
    changed : mapping of str to such mappings
        By the kind of change.

    Returns
    -------
    dict of str to Separation
        Means over the kinds of change; empty without changed copies.
    """
    found = {}
    for name, familiar in validation.items() if changed else ():
        above = [placements(of[name], familiar) for of in changed.values()]
        marked = np.mean([np.mean(each >= _KEPT) for each in above])
        found[name] = Separation(float(marked), float(np.mean([each.mean() for each in above])))
    return found


def chosen_score(found: Mapping[str, Separation]) -> str:
    """Return the combined score, or the one that marks most of the changed copies.

    Of equal ones by AUROC, then by name.
    """
    if not found:
        return UNCHOSEN
    if COMBINED in found:
        return COMBINED
    names = sorted(found.keys() - NEAR_ONLY) or sorted(found)
    return max(names, key=lambda name: (found[name].marked, found[name].auroc))


def placements(unusual: np.ndarray, familiar: np.ndarray) -> np.ndarray:
    """Return for each unusual item the share of familiar ones below it; equal ones count half.

    Parameters
    ----------
    unusual : float array (n,)
    familiar : float array (m,)

    Returns
    -------
    float64 array (n,)
        Their mean is the AUROC.
    """
    ranked = np.sort(familiar)
    below = np.searchsorted(ranked, unusual, "left") + np.searchsorted(ranked, unusual, "right")
    return below / (2 * len(ranked))
