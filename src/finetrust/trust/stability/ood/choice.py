"""Choosing a score: on validation data and changed copies of them, before it meets anything unfamiliar.

The score is chosen that marks most of the copies at 5 % false alarms, for that is what ``predict`` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.trust.stability.ood.knowledge import Unusualness

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
    """Return the score that marks most of the changed copies; of equal ones by AUROC, then by name."""
    if not found:
        return UNCHOSEN
    return max(sorted(found), key=lambda name: (found[name].marked, found[name].auroc))


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
