"""The network beside a plain model that was trained on the same data."""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.intervals import resampled_means, wilson
from finetrust.trust.accuracy.probabilities import is_right


@measure(
    "baseline_accuracy",
    axis="accuracy",
    title="Accuracy of the plain model",
    better="higher",
    method="Accuracy on the same items of a plain model (TF-IDF of words and pairs of words with "
    "logistic regression) that was trained on the same data. Wilson score interval.",
    reference="Wang & Manning 2012, ACL",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="The plain model counts words (TF-IDF with logistic regression).",
    topic="right",
    per_group=False,
)
def baseline_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the accuracy of the plain model."""
    right = is_right(beside(evidence))
    low, high = wilson(right.sum(), len(right))
    yield Estimate(float(right.mean()), float(low), float(high), len(right))


@measure(
    "gain_over_baseline",
    axis="accuracy",
    title="Gain over the plain model",
    better="higher",
    method="Accuracy of the network minus that of the plain model on the same items. Adjusted Wald "
    "interval for paired shares (Bonett & Price); the details hold the discordant items and the "
    "p-value of McNemar's exact test.",
    reference="Bonett & Price 2012, J. Educ. Behav. Stat. 37(4), eq. 5",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="How much more often the network is right than a plain model that counts words.",
    topic="right",
    per_group=False,
)
def gain_over_baseline(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the difference of the accuracies."""
    from scipy.stats import binomtest

    ours = decisions_of(evidence) == evidence.clean["target"]
    theirs = is_right(beside(evidence))
    gained, lost, n = int((ours & ~theirs).sum()), int((theirs & ~ours).sum()), len(ours)
    low, high = paired_difference(gained, lost, n)
    p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    details = {"only_network_right": gained, "only_plain_model_right": lost, "mcnemar_p": float(p)}
    gain = ours.astype(float) - theirs
    yield Estimate(
        (gained - lost) / n,
        low,
        high,
        n,
        details=details,
        replicates=lambda: resampled_means(gain[:, None], seed=evidence.seed)[:, 0],
    )


def beside(evidence: Evidence) -> Predictions:
    """Return what the plain model says about the clean items, in their order.

    Raises
    ------
    NotApplicable
        If there is no plain model.
    """
    if evidence.baseline is None:
        raise NotApplicable("no plain model was trained on the same data")
    order = np.argsort(evidence.baseline.ids)
    at = np.searchsorted(evidence.baseline.ids, evidence.clean.ids, sorter=order)
    return evidence.baseline.take(order[at])


def paired_difference(
    gained: float, lost: float, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of the difference of two shares of the same n items.

    The adjusted Wald interval of Bonett & Price 2012, eq. 5: as if there were one item more of each
    discordant kind. Widened to the estimate where it misses it.

    Parameters
    ----------
    gained, lost : float
        Items of the first share alone, and of the second alone; a fraction is allowed.
    n : int
    level : float
    """
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = ndtri((1 + level) / 2) * np.sqrt((up + down - (up - down) ** 2) / (n + 2))
    value = (gained - lost) / n
    return min(max(up - down - half, -1.0), value), max(min(up - down + half, 1.0), value)
