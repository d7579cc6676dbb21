"""Macro F1: precision and recall in one number, every class counting the same."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, wilson
from finetrust.trust.accuracy.probabilities import predicted_classes


@measure(
    "macro_f1",
    axis="accuracy",
    title="Macro F1",
    better="higher",
    method="Mean over the classes of F1, the harmonic mean of precision and recall; classes that "
    "are neither a target nor predicted are left out. BCa bootstrap over items; where all items "
    "are right, or all wrong, the Wilson interval of the accuracy.",
    reference="Opitz & Burst 2019, arXiv:1911.03347, eq. 2 (averaged F1)",
    unit="%",
    needs=("logits",),
    topic="right",
)
def macro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield macro F1."""
    targets, predicted = evidence.clean["target"], predicted_classes(evidence.clean)
    n = len(targets)
    # The F1 scores depend on the items through the counts of (target, predicted) pairs only, and
    # the pair counts of a resample of items are multinomial.
    pairs, counts = np.unique(np.stack([targets, predicted]), axis=1, return_counts=True)
    hits, uses = _by_class(pairs, len(class_names(evidence)))
    value = float(_macro_f1(counts[None], hits, uses)[0])
    if value in (0.0, 1.0):
        low, high = (float(bound) for bound in wilson(value * n, n))
    else:
        resampled = np.random.default_rng(evidence.seed).multinomial(n, counts / n, RESAMPLES)
        influence = np.repeat(_influence(counts, hits, uses), counts)
        low, high = bca_interval(value, _macro_f1(resampled, hits, uses), influence)
    yield Estimate(value, low, high, n)


def _by_class(pairs: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for (target, predicted) pairs (2, p) what an item of each adds to every class.

    Float arrays (p, n_classes): true positives, and targets plus predictions.
    """
    is_target, is_predicted = (
        (classes[:, None] == np.arange(n_classes)).astype(float) for classes in pairs
    )
    return is_target * is_predicted, is_target + is_predicted


def _macro_f1(counts: np.ndarray, hits: np.ndarray, uses: np.ndarray) -> np.ndarray:
    """Return macro F1 (r,) of counts (r, p) of the pairs."""
    used = counts @ uses
    f1 = 2 * (counts @ hits) / np.maximum(used, 1)
    return f1.sum(axis=1) / (used > 0).sum(axis=1)


def _influence(counts: np.ndarray, hits: np.ndarray, uses: np.ndarray) -> np.ndarray:
    """Return the derivative (p,) of the sum of the F1 scores by the count of each pair."""
    used = np.maximum(counts @ uses, 1)
    return hits @ (2 / used) - uses @ (2 * (counts @ hits) / used**2)
