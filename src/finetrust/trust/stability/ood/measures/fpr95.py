"""The share of unfamiliar inputs that pass for familiar where 95 % of the familiar ones do.

Liang, Li & Srikant, "Enhancing The Reliability of Out-of-distribution Image Detection in Neural Networks",
ICLR 2018, section 4.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import RESAMPLES, percentile_interval, resampled_counts
from finetrust.trust.stability.ood.judged import CHOICE_WORDS, Distance, by_set_and_score

KEPT = 0.95


def mean_fpr95(
    familiar: np.ndarray, sets: Sequence[np.ndarray], seed: int
) -> tuple[float, float, float]:
    """Return the mean share over some sets that passes for familiar, and its interval.

    The interval allows for the familiar items that set the threshold, by resampling them, and for the
    items of each set, by draws from what is known of a share after so many items: a Beta distribution
    with Jeffreys' prior, which has a width where all items or none pass.

    Parameters
    ----------
    familiar : float array (n,)
        How unusual they are.
    sets : sequence of float array (m,)
    seed : int

    Returns
    -------
    value, low, high : float
    """
    ranked = np.sort(familiar)
    # Of tied values none or all pass, so that the share kept is 95 % or more.
    thresholds = ranked[np.append(_place(len(ranked)), _places(len(ranked), seed))]
    rng = np.random.default_rng((seed, 1))
    shares, drawn = [], []
    for unusual in sets:
        passing = np.searchsorted(np.sort(unusual), thresholds, "right")
        shares.append(passing[0] / len(unusual))
        drawn.append(rng.beta(passing[1:] + 0.5, len(unusual) - passing[1:] + 0.5))
    value = float(np.mean(shares))
    low, high = percentile_interval(np.mean(drawn, axis=0))
    return value, min(low, value), max(high, value)


def _place(n: int) -> int:
    """Return where the threshold stands among n sorted items: 95 % of them are at or below it."""
    return int(np.ceil(KEPT * n - 1e-9)) - 1


@lru_cache(maxsize=4)
def _places(n: int, seed: int) -> np.ndarray:
    """Return where the threshold of every resample stands among n sorted items: int array."""
    if n > 1:
        parts = [
            (counts.cumsum(axis=1) > _place(n)).argmax(axis=1)
            for counts in resampled_counts(n, RESAMPLES, seed)
        ]
        return np.concatenate(parts)
    return np.zeros(RESAMPLES, np.int64)


def _register(distance: Distance) -> None:
    @measure(
        f"ood_fpr95_{distance}",
        axis="stability",
        topic="unfamiliar",
        title=f"Unfamiliar inputs that pass for familiar ({distance})",
        better="lower",
        method="Share of the unfamiliar items that are no more unusual than 95 % of the familiar ones "
        f"(FPR at 95 % TPR). Mean over the sets. {CHOICE_WORDS} Interval by "
        "the bootstrap over the familiar items, which set the threshold, with draws of each share from "
        "its posterior under Jeffreys' prior.",
        reference="Liang, Li & Srikant 2018, arXiv:1706.02690, section 4",
        unit="%",
        meaning="How many unfamiliar inputs would go unnoticed, were the alarm set so that 5 % of the "
        "familiar ones raise it.",
        secondary=True,
        per_group=False,
    )
    def ood_fpr95(evidence: Evidence) -> Iterator[Estimate]:
        """Yield the mean over the sets, then by score, by set, and by both."""
        yield from by_set_and_score(evidence, distance, mean_fpr95)


_register("near")
_register("far")
