"""Shares of single classes, each with its Wilson interval.

Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.right.tallies import Tallies, resampled_tallies_of, tallies_of

Increasing = Callable[[np.ndarray], np.ndarray]


def class_shares(
    evidence: Evidence,
    trials: Callable[[Tallies], np.ndarray],
    transform: Increasing = np.asarray,
) -> Iterator[Estimate]:
    """Yield the hits of every class as a share of its trials; a class without trials is left out.

    Parameters
    ----------
    evidence : Evidence
    trials : callable
        From tallies to float array (r, classes).
    transform : callable
        An increasing function of [0, 1] that is applied to the share and its bounds.
    """
    tallies = tallies_of(evidence)
    hits, n = tallies.hits[0], trials(tallies)[0]
    low, high = wilson(hits, n)
    value, low, high = (transform(share) for share in (hits / np.maximum(n, 1), low, high))
    names = class_names(evidence)
    for c in np.flatnonzero(n).tolist():
        yield Estimate(
            float(value[c]),
            float(low[c]),
            float(high[c]),
            int(n[c]),
            subset=f"class={names[c]}",
            replicates=partial(_replicates, evidence, trials, transform, c),
        )


def _replicates(
    evidence: Evidence, trials: Callable[[Tallies], np.ndarray], transform: Increasing, c: int
) -> np.ndarray:
    """Return the values of class c; NaN where the class has no trial in a resample."""
    tallies = resampled_tallies_of(evidence)
    hits, n = tallies.hits[:, c], trials(tallies)[:, c]
    return transform(np.where(n > 0, hits / np.maximum(n, 1), np.nan))
