"""The chance that an unfamiliar input is more unusual than a familiar one.

Hendrycks & Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural
Networks", ICLR 2017, section 2; DeLong, DeLong & Clarke-Pearson, Biometrics 44, 1988, for the variance,
with the mean of several curves as their linear combination.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import expit, logit, stdtrit

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.ood.choice import placements
from finetrust.trust.stability.ood.judged import CHOICE_WORDS, Distance, by_set_and_score

_WHAT = {
    "near": "inputs of classes that the model does not know",
    "far": "noise, textures and other inputs quite unlike its data",
}


def mean_auroc(
    familiar: np.ndarray, sets: Sequence[np.ndarray], level: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean AUROC of some sets against the same familiar items, and its interval.

    DeLong's variance on the scale of log-odds, with Student's quantile: of one set the interval of
    :func:`finetrust.trust.accuracy.selective.delong.auroc_interval`.

    Parameters
    ----------
    familiar : float array (n,)
        How unusual they are; infinity for the most.
    sets : sequence of float array (m,)
    level : float

    Returns
    -------
    value, low, high : float
    """
    above = [placements(unusual, familiar) for unusual in sets]
    # The share of each set above a familiar item, averaged over the sets.
    below = np.mean([1 - placements(familiar, unusual) for unusual in sets], axis=0)
    value = float(np.mean([each.mean() for each in above]))
    rarest = min(len(familiar), *map(len, above))
    variance = 0.0
    if rarest > 1 and 0 < value < 1:
        own = sum(each.var(ddof=1) / len(each) for each in above) / len(above) ** 2
        variance = float(below.var(ddof=1) / len(below) + own)
    if variance <= 0:
        low, high = wilson(value * rarest, rarest, level)
        return value, min(float(low), value), max(float(high), value)
    half = float(stdtrit(rarest - 1, (1 + level) / 2) * np.sqrt(variance) / (value * (1 - value)))
    centre = float(logit(value))
    return value, float(expit(centre - half)), float(expit(centre + half))


def _register(distance: Distance) -> None:
    @measure(
        f"ood_auroc_{distance}",
        axis="stability",
        topic="unfamiliar",
        title=f"Unfamiliar inputs told from familiar ones ({distance})",
        better="higher",
        method="AUROC of how unusual an input is: the share of pairs of an unfamiliar and a familiar item "
        "in which the unfamiliar one is the more unusual; ties count half. Mean over the sets. "
        f"{CHOICE_WORDS} DeLong's interval on the scale of log-odds.",
        reference="Hendrycks & Gimpel 2017, arXiv:1610.02136, section 2; DeLong et al. 1988, "
        "Biometrics 44",
        unit="%",
        meaning=f"How often one of {_WHAT[distance]} looks stranger to the model than an ordinary input; "
        "50 % would be chance.",
        secondary=False,
        per_group=False,
    )
    def ood_auroc(evidence: Evidence) -> Iterator[Estimate]:
        """Yield the mean over the sets, then by score, by set, and by both."""
        yield from by_set_and_score(
            evidence, distance, lambda familiar, sets, seed: mean_auroc(familiar, sets)
        )


_register("near")
_register("far")
