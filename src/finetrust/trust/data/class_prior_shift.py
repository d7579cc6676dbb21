"""Class prior shift: how far the shares of the classes lie apart in training and evaluation data."""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure

DRAWS = 2000
CLASSES_SHOWN = 10
ALARM = 0.001
FEWEST_EXPECTED = 5


@measure(
    "class_prior_shift",
    axis="data",
    title="Shift of the class shares since training",
    better="lower",
    method="Total variation distance between the class shares of the training and the evaluation "
    "data: the share of items that would have to be of another class. Equal shares too lie apart in "
    "samples, and the interval allows for that; the details hold a chi-squared test and the classes "
    "that moved most.",
    reference="Saerens et al. 2002, Neural Computation 14(1); Devroye & Lugosi 2001, chapter 5",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="How much the mix of classes that the model is judged on differs from the one it learnt.",
    topic="test",
)
def class_prior_shift(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the distance; the details hold the test and the classes that moved most.

    Share of 300 simulated pairs of samples whose interval covers the true distance of 0, 5 or 20 points:
    0.98 or more (1,000 and 300 items, or 20,000 and 2,000; 10 equal classes, or 100 whose shares fall
    as 1 / rank). Where nothing has moved, the alarm was raised in 4 of 4,000 pairs (1,000 and 300
    items, 10 equal classes).
    The distance itself is too large by chance: 0.08 on average for 1,000 and 300 items of 10 equal
    classes that have not moved, and 0.21 for 100 classes.
    """
    counted = evidence.data.get("train_class_counts")
    trained = np.asarray(counted if counted is not None else [], np.int64)
    if not trained.sum():
        raise NotApplicable("the class counts of the training data are unknown")
    judged = np.bincount(evidence.clean["target"], minlength=len(trained))
    if len(judged) > len(trained):
        raise NotApplicable("the evaluation data have classes that the training data do not name")
    value = total_variation(trained, judged)
    low, high = distance_interval(trained, judged, evidence.seed)
    statistic, p = homogeneity_test(trained, judged, evidence.seed)
    names = list(evidence.classes) or [str(i) for i in range(len(trained))]
    before, now = trained / trained.sum(), judged / judged.sum()
    most = np.argsort(-np.abs(now - before), kind="stable")[:CLASSES_SHOWN]
    details = {
        "alarm": p < ALARM,
        "chi_squared": statistic,
        "p_value": p,
        "moved_most": [
            {"class": names[i], "train": float(before[i]), "evaluation": float(now[i])}
            for i in most
            if before[i] != now[i]
        ],
    }
    yield Estimate(value, low, high, int(judged.sum()), details=details)


def total_variation(one: np.ndarray, other: np.ndarray) -> float:
    """Return half the L1 distance between the shares that two arrays of counts (classes,) give."""
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2)


def distance_interval(
    one: np.ndarray, other: np.ndarray, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Return an interval of the total variation distance of what two samples were drawn from.

    The distance in the samples exceeds the true one by at most half the L1 norm of the sampling
    error of the shares (triangle inequality), a quantile of which is found by drawing again, and falls
    short of it by at most the sampling error of the set of classes that gained, whose standard error is
    at most that of a half. So the interval holds what it claims, and more.

    Parameters
    ----------
    one, other : int array (classes,)
    seed : int
    level : float
    """
    rng = np.random.default_rng(seed)
    n, m = int(one.sum()), int(other.sum())
    value = total_variation(one, other)
    tail = (1 + level) / 2
    # Half an item is added to each class: one that no sample holds may yet exist.
    shares, others = (one + 0.5) / (one + 0.5).sum(), (other + 0.5) / (other + 0.5).sum()
    error = rng.multinomial(n, shares, DRAWS) / n - shares
    error -= rng.multinomial(m, others, DRAWS) / m - others
    excess = float(np.quantile(np.abs(error).sum(axis=1) / 2, tail))
    short = float(ndtri(tail)) * 0.5 * (1 / n + 1 / m) ** 0.5
    return max(0.0, value - excess), min(1.0, value + short)


def homogeneity_test(one: np.ndarray, other: np.ndarray, seed: int) -> tuple[float, float]:
    """Return Pearson's statistic and p-value of the hypothesis that two samples have equal shares.

    Where a class is expected less than five times, the p-value comes from dealing the items out again
    to samples of these sizes.

    Parameters
    ----------
    one, other : int array (classes,)
    seed : int
    """
    present = (one + other) > 0
    one, other = one[present], other[present]
    pooled, n, m = one + other, int(one.sum()), int(other.sum())
    if len(pooled) < 2:
        return 0.0, 1.0
    expected = pooled * (m / (n + m))

    def statistic(drawn: np.ndarray) -> np.ndarray:
        # Both rows of the table lie equally far from what is expected of them.
        return ((drawn - expected) ** 2 / expected).sum(axis=-1) * ((n + m) / n)

    found = float(statistic(other))
    if min(expected.min(), (pooled * (n / (n + m))).min()) >= FEWEST_EXPECTED:
        return found, float(chi2.sf(found, len(pooled) - 1))
    rng = np.random.default_rng(seed)
    draws = rng.multivariate_hypergeometric(pooled, m, DRAWS, method="marginals")
    as_far = int((statistic(draws) >= found * (1 - 1e-9)).sum())
    return found, (1 + as_far) / (1 + DRAWS)
