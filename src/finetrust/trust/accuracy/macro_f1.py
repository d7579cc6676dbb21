"""Macro F1: precision and recall in one number, every class counting the same."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import RESAMPLES, percentile_interval, wilson
from finetrust.trust.accuracy.probabilities import predicted_classes


@measure(
    "macro_f1",
    axis="accuracy",
    title="Macro F1",
    better="higher",
    method="Mean over the classes of F1, the harmonic mean of precision and recall; classes that "
    "are neither a target nor predicted are left out. Percentile bootstrap over items; where all "
    "items are right, or all wrong, the Wilson interval of the accuracy.",
    reference="Opitz & Burst 2019, arXiv:1911.03347, eq. 2 (averaged F1)",
    unit="%",
    needs=("logits",),
)
def macro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield macro F1."""
    targets, predicted = evidence.clean["target"], predicted_classes(evidence.clean)
    n, n_classes = len(targets), len(class_names(evidence))
    # The F1 scores depend on the items through the counts of (target, predicted) pairs only, and
    # the pair counts of a resample of items are multinomial.
    pairs, counts = np.unique(np.stack([targets, predicted]), axis=1, return_counts=True)
    value = float(_macro_f1(pairs, counts[None], n_classes)[0])
    if value in (0.0, 1.0):
        low, high = (float(bound) for bound in wilson(value * n, n))
    else:
        resampled = np.random.default_rng(evidence.seed).multinomial(n, counts / n, RESAMPLES)
        low, high = percentile_interval(_macro_f1(pairs, resampled, n_classes))
    yield Estimate(value, low, high, n)


def _macro_f1(pairs: np.ndarray, counts: np.ndarray, n_classes: int) -> np.ndarray:
    """Return macro F1 (r,) of counts (r, p) of the (target, predicted) pairs (2, p)."""
    targets, predicted = pairs
    classes = np.arange(n_classes)
    is_target = (targets[:, None] == classes).astype(float)
    is_predicted = (predicted[:, None] == classes).astype(float)
    true_positive = counts @ (is_target * is_predicted)
    seen = counts @ (is_target + is_predicted)
    f1 = 2 * true_positive / np.maximum(seen, 1)
    return f1.sum(axis=1) / (seen > 0).sum(axis=1)
