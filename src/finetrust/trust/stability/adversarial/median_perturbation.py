"""The median of the smallest perturbations that break right answers, in both norms."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import binom

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.stability.adversarial.found import found_in
from finetrust.trust.stability.adversarial.grids import LEVELS, label_of

METHOD = (
    "Median, over the items that the network answers right, of the smallest perturbation found by the "
    "attacks and a search between what broke the item and what did not. It is an upper bound: a stronger "
    "attack may find less. Items that nothing in the range could break count as above it. Exact interval "
    "by the order of the values (binomial); its upper end is the end of the range where the values do "
    "not reach."
)
REFERENCE = "Carlini et al. 2019, arXiv:1902.06705, section 4; Conover 1999, section 3.2"
QUARTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@measure(
    "median_linf_perturbation",
    axis="stability",
    topic="attack",
    title="Smallest change of colour values that breaks a right answer, in levels of 255 (median)",
    better="higher",
    method=METHOD,
    meaning="Half of the right answers turn wrong when every colour value is changed by this many of its "
    "255 levels or less, in the worst way.",
    reference=REFERENCE,
    needs=("logits",),
)
def median_linf_perturbation(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the median in levels of 255; the details hold quantiles (None: above the range)."""
    yield _median(evidence, "linf", LEVELS)


@measure(
    "median_l2_perturbation",
    axis="stability",
    topic="attack",
    title="Smallest Euclidean change of an image that breaks a right answer (median)",
    better="higher",
    method=METHOD,
    reference=REFERENCE,
    needs=("logits",),
    secondary=True,
)
def median_l2_perturbation(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the median, colour values from 0 to 1; the details hold quantiles."""
    yield _median(evidence, "l2", 1)


def median_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a median by order statistics (Conover 1999, section 3.2).

    Parameters
    ----------
    values : float array (n,)
        At least one; infinity for what is only known to be large.
    level : float

    Returns
    -------
    low, high : float
        The smallest and the largest value where n is too small for the level.
    """
    ordered = np.sort(values)
    n = len(ordered)
    below = max(int(binom.ppf((1 - level) / 2, n, 0.5)), 1)
    return float(ordered[below - 1]), float(ordered[n - below])


def _median(evidence: Evidence, norm: str, factor: float) -> Estimate:
    found = found_in(evidence, norm)
    smallest = found.table["smallest"][found.right]
    if not len(smallest):
        raise NotApplicable("no untouched image is answered right, so that nothing could break")
    largest = found.sizes[-1]
    censored = np.isinf(smallest)
    # The middle pair is ordered apart from the mean, which infinity would make infinite or NaN.
    value = float(np.quantile(smallest, 0.5, method="inverted_cdf"))
    if np.isinf(value):
        raise NotApplicable(
            f"at least half of the right answers withstood every attack up to {label_of(norm, largest)}: "
            f"{censored.sum()} of {len(smallest)}"
        )
    low, high = median_interval(smallest)
    quantiles = np.quantile(smallest, QUARTILES, method="inverted_cdf")
    details = {
        "quantiles": {
            f"{share:g}": None if np.isinf(x) else float(x * factor)
            for share, x in zip(QUARTILES, quantiles, strict=True)
        },
        "unbroken": int(censored.sum()),
        "range": largest * factor,
        "open": bool(np.isinf(high)),
    }
    return Estimate(
        value * factor, low * factor, min(high, largest) * factor, len(smallest), "", details
    )
