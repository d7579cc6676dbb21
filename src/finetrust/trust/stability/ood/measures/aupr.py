"""Average precision of finding unfamiliar inputs among as many familiar ones.

Hendrycks & Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural
Networks", ICLR 2017, section 2, with the unfamiliar items as the positive ones. Both kinds weigh the same,
so that chance is 50 % whatever the numbers of items are.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from scipy.special import expit, logit, stdtrit

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.ood.judged import CHOICE_WORDS, Distance, by_set_and_score

RESAMPLES_OF_RANKS = 200
_SAME = 1e-12


def mean_aupr(
    familiar: np.ndarray, sets: Sequence[np.ndarray], seed: int
) -> tuple[float, float, float]:
    """Return the mean average precision over some sets, and its interval.

    Parameters
    ----------
    familiar : float array (n,)
        How unusual they are.
    sets : sequence of float array (m,)
    seed : int

    Returns
    -------
    value, low, high : float
        By the standard error over resamples, on the scale of log-odds with Student's quantile; where
        resampling shows no uncertainty, because the kinds are separated, the Wilson interval of that
        share of as many items as the rarest kind has.
    """
    own = _resampled(len(familiar), seed)
    columns = [
        average_precision(familiar, unusual, own, _resampled(len(unusual), seed + 1 + place))
        for place, unusual in enumerate(sets)
    ]
    means = np.mean(columns, axis=0)
    value = float(means[0])
    rarest = min(len(familiar), *map(len, sets))
    spread = float(means[1:].std(ddof=1))
    if spread < _SAME or not 0 < value < 1 or rarest < 2:
        low, high = map(float, wilson(value * rarest, rarest))
        return value, min(low, value), max(high, value)
    half = float(stdtrit(rarest - 1, 0.975) * spread / (value * (1 - value)))
    centre = float(logit(value))
    return value, float(expit(centre - half)), float(expit(centre + half))


def average_precision(
    familiar: np.ndarray,
    unusual: np.ndarray,
    familiar_counts: np.ndarray,
    unusual_counts: np.ndarray,
) -> np.ndarray:
    """Return the average precision of every resample, equal values taken together.

    Parameters
    ----------
    familiar : float array (n,)
    unusual : float array (m,)
    familiar_counts, unusual_counts : uint8 array (resamples, n) and (resamples, m)
        How often each item is in each resample.

    Returns
    -------
    float64 array (resamples,)
    """
    order = np.argsort(-unusual, kind="stable")
    ranked = unusual[order]
    # Only where unfamiliar items stand does recall grow; there precision is weighed.
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = unusual_counts[:, order].cumsum(axis=1, dtype=np.float64)[:, ends] / len(unusual)
    down = np.argsort(-familiar, kind="stable")
    alarms_at = np.searchsorted(-familiar[down], -ranked[ends], "right")
    padded = np.pad(familiar_counts[:, down].cumsum(axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    alarms = padded[:, alarms_at] / len(familiar)
    with np.errstate(invalid="ignore"):
        precision = np.where(hits > 0, hits / (hits + alarms), 0.0)
    return (np.diff(hits, axis=1, prepend=0) * precision).sum(axis=1)


@lru_cache(maxsize=16)
def _resampled(n: int, seed: int) -> np.ndarray:
    """Return the counts of the items themselves, and of some resamples: uint8 (1 + resamples, n)."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(RESAMPLES_OF_RANKS, n))
    drawn += n * np.arange(RESAMPLES_OF_RANKS)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES_OF_RANKS * n)
    whole = np.ones((1, n), np.uint8)
    return np.concatenate([whole, counts.reshape(RESAMPLES_OF_RANKS, n).astype(np.uint8)])


def _register(distance: Distance) -> None:
    @measure(
        f"ood_aupr_{distance}",
        axis="stability",
        topic="unfamiliar",
        title=f"Precision of finding unfamiliar inputs ({distance})",
        better="higher",
        method="Average precision of ranking items by how unusual they are, the unfamiliar ones being "
        "sought; both kinds weigh the same, so that chance is 50 %. Mean over the sets. "
        f"{CHOICE_WORDS} Standard error of 200 bootstrap resamples of both kinds of items, on the scale of "
        "log-odds; where they show no uncertainty, the Wilson interval.",
        reference="Hendrycks & Gimpel 2017, arXiv:1610.02136, section 2",
        unit="%",
        meaning="How purely the strangest-looking inputs are unfamiliar ones; 50 % would be chance.",
        secondary=True,
        per_group=False,
    )
    def ood_aupr(evidence: Evidence) -> Iterator[Estimate]:
        """Yield the mean over the sets, then by score, by set, and by both."""
        yield from by_set_and_score(evidence, distance, mean_aupr)


_register("near")
_register("far")
