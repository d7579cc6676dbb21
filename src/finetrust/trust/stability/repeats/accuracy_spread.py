"""Spread of accuracy over repeats, and what it comes from.

Bouthillier et al., "Accounting for Variance in Machine Learning Benchmarks", MLSys 2021, section 2; the
interval of a sum of variances by Graybill & Wang, "Confidence Intervals on Nonnegative Linear
Combinations of Variances", JASA 75, 1980.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.special import chdtri

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.repeats.retrained import retrained_of

SOURCES: Mapping[str, str] = {"seed": "seed", "order": "order", "bootstrap": "data"}
"""The sources that add up, by the kind of repeat; a part left out is a sample of the data too."""


@measure(
    "accuracy_spread",
    axis="stability",
    topic="retrained",
    title="Spread of accuracy when the model is trained again",
    better="lower",
    method="Standard deviation of the accuracy on these n items: the root of the sum of the variances "
    "that come from the seed, from the order of the training data and from their sample (bootstrap), "
    "each over models that differ by that alone; it says nothing of the choice of the n items. "
    "Chi-square interval, for the sum that of Graybill & Wang; wide where there are few repeats.",
    reference="Bouthillier et al. 2021, arXiv:2103.03098, section 2; Graybill & Wang 1980, eq. 2.3",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="By how much accuracy goes up and down from one training to the next.",
)
def accuracy_spread(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the whole spread, then that from each source, and that with a tenth left out.

    The details of the whole hold the share of each source in the variance, each model's accuracy, and
    for comparison the standard error that the choice of the items causes.
    """
    found = retrained_of(evidence)
    n = len(found.ids)
    accuracies = {kind: (of == found.target).mean(axis=1) for kind, of in found.alike.items()}
    several = {kind: a for kind, a in accuracies.items() if len(a) > 1}
    added = {SOURCES[kind]: a for kind, a in several.items() if kind in SOURCES}
    if not added:
        raise NotApplicable("there are no two models that differ by one source of chance alone")
    variances = {source: _variance(a) for source, a in added.items()}
    total = sum(variances.values())
    mean = float((found.run == found.target).mean())
    details = {
        "shares": {source: v / total if total else None for source, v in variances.items()},
        "accuracies": {kind: a.tolist() for kind, a in accuracies.items()},
        "items": float(np.sqrt(mean * (1 - mean) / n)),
    }
    yield _estimate(list(added.values()), n, "", details)
    for kind, values in accuracies.items():
        subset = f"source={SOURCES.get(kind, kind)}"
        if kind in several:
            yield _estimate([values], n, subset, {"models": len(values)})
        else:
            yield Absence("there is one model of this kind; a spread takes two", subset)


def spread_interval(groups: Sequence[np.ndarray], n: int) -> tuple[float, float, float]:
    """Return the root of a sum of variances and its interval.

    Parameters
    ----------
    groups : sequence of float arrays (models,)
        Figures of models of which each group varies by one source; at least two each.
    n : int
        Items that the figures are shares of. A spread of less than half an item is not seen: the
        upper bound is that of at least so much.

    Returns
    -------
    value, low, high : float
    """
    variances = np.array([_variance(group) for group in groups])
    df = np.array([len(group) - 1.0 for group in groups])
    # chdtri(df, p) is the point that chi-square exceeds with probability p.
    below = 1 - df / chdtri(df, 0.025)
    above = df / chdtri(df, 0.975) - 1
    low = variances.sum() - np.sqrt(((below * variances) ** 2).sum())
    least = np.maximum(variances, (0.5 / n) ** 2)
    high = least.sum() + np.sqrt(((above * least) ** 2).sum())
    value = float(np.sqrt(variances.sum()))
    return value, min(float(np.sqrt(max(low, 0.0))), value), max(float(np.sqrt(high)), value)


def _variance(figures: np.ndarray) -> float:
    """Return the variance of a sample; exactly 0 where all are equal."""
    return float(np.var(figures - figures[0], ddof=1))


def _estimate(groups: Sequence[np.ndarray], n: int, subset: str, details: Mapping) -> Estimate:
    value, low, high = spread_interval(groups, n)
    # Shares in [0, 1] have a standard deviation of at most sqrt(1/2) a group.
    return Estimate(value, low, min(high, max(1.0, value)), n, subset, details)
