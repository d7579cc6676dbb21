"""The strongest of three doubts: about the answer, the nearest known items and the classes as Gaussians.

Each score alone overlooks some kind of unusual input, and ranks it below the familiar ones: which kind
differs from network to network, and does not show on changed copies of familiar inputs. In the spirit of
Magesh, Veeravalli, Roy & Jha, "Principled Out-of-Distribution Detection via Multiple Testing", JMLR 24,
2023, who combine scores so that one that is sure suffices; here by their largest value in proportion.
"""

from collections.abc import Mapping

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores

COMBINED = "combined"
PARTS = ("knn", "mahalanobis", "msp")
TYPICAL_TOP = 0.9
"""The quantile of familiar items that counts as 1, their median as 0."""

_SCALE = "median and spread"


def fit(seen: Seen, classes: np.ndarray, head: Head) -> State:
    """Raise NotApplicable: it is made of other scores, on items that those were not fitted to."""
    raise NotApplicable("there are too few validation items to put other scores in proportion by")


def in_proportion(states: Mapping[str, State], familiar: Mapping[str, np.ndarray]) -> State:
    """Return the state of the combined score.

    Parameters
    ----------
    states : mapping of str to State
        Of the scores that were fitted, by name.
    familiar : mapping of str to float64 array (n,)
        How unusual items are by each score that it was not fitted to, and that it is not judged by.

    Raises
    ------
    NotApplicable
        If no part differs between the items.
    """
    found: dict[str, np.ndarray] = {}
    for part in (name for name in PARTS if name in states):
        values = familiar[part][np.isfinite(familiar[part])]
        if not len(values):
            continue
        middle, top = np.quantile(values, [0.5, TYPICAL_TOP])
        scale = np.array([middle, top - middle], np.float32)
        if scale[1] > 0:
            found |= {f"{part}.{name}": array for name, array in states[part].items()}
            found[f"{part}.{_SCALE}"] = scale
    if not found:
        raise NotApplicable("no score that it is made of differs between validation items")
    return found


def combined(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return the largest of the parts: 0 is the median of familiar items, 1 their 90th percentile."""
    return np.max([_part(part, state, seen, head) for part in PARTS if _of(part, state)], axis=0)


def _part(part: str, state: State, seen: Seen, head: Head) -> np.ndarray:
    own = dict(_of(part, state))
    middle, spread = own.pop(_SCALE).astype(np.float64)
    return (scores.get(part).unusualness(own, seen, head) - middle) / spread


def _of(part: str, state: State) -> State:
    return {n.removeprefix(f"{part}."): v for n, v in state.items() if n.startswith(f"{part}.")}


scores.add(COMBINED, Score(combined, fit))
