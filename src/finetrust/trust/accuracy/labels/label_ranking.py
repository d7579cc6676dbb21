"""Average precision: how far up the right labels stand, for any threshold."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import (
    CELLS_AT_ONCE,
    RESAMPLES,
    bca_interval,
    bootstrap_share,
    resampled_counts,
    wilson,
)
from finetrust.trust.accuracy.labels.label_answers import NEEDS, label_names, ranked, targets_of


@measure(
    "label_ranking_average_precision",
    axis="accuracy",
    title="Label ranking average precision",
    better="higher",
    method="For each right label of an item, the share of right ones among the labels that the model "
    "ranks at least as high; averaged over the labels, then over the items that have any. BCa "
    "bootstrap over items; where all have the same value, the Wilson interval.",
    reference="Schapire & Singer 2000, Machine Learning 39, section 5",
    unit="%",
    needs=NEEDS,
    topic="right",
)
def label_ranking_average_precision(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the items."""
    scores, targets = ranked(evidence.clean), targets_of(evidence.clean)
    labelled = targets.any(axis=1)
    if not labelled.any():
        raise NotApplicable("no item has a label")
    values = _ranking_precision(scores[labelled], targets[labelled])
    low, high = bootstrap_share(values, evidence.seed)
    yield Estimate(float(values.mean()), max(low, 0.0), min(high, 1.0), len(values))


@measure(
    "label_average_precision",
    axis="accuracy",
    title="Average precision of labels",
    better="higher",
    method="Area under the precision-recall curve of each label, over all items; averaged over the "
    "labels that occur. Bias-corrected bootstrap over items; where resampling shows no uncertainty, "
    "the Wilson interval.",
    reference="Zhu 2004, University of Waterloo Working Paper 2004-09, section 3",
    unit="%",
    needs=NEEDS,
    topic="right",
)
def label_average_precision(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the labels, then that of each label."""
    scores, targets = ranked(evidence.clean), targets_of(evidence.clean)
    occurring = np.flatnonzero(targets.any(axis=0))
    if not len(occurring):
        raise NotApplicable("no item has a label")
    ones = np.ones((1, len(targets)))
    values = np.array([_average_precision(scores[:, c], targets[:, c], ones)[0] for c in occurring])
    drawn: list[list[np.ndarray]] = [[] for _ in occurring]
    for counts in resampled_counts(len(targets), RESAMPLES, evidence.seed):
        for part, c in zip(drawn, occurring, strict=True):
            part.append(_average_precision(scores[:, c], targets[:, c], counts))
    replicates = np.stack([np.concatenate(part) for part in drawn])
    positives = targets[:, occurring].sum(axis=0)
    there = replicates >= 0
    total, labels = replicates.sum(axis=0, where=there), there.sum(axis=0)
    means = np.where(labels > 0, total / labels.clip(1), -1.0)
    yield _estimate(float(values.mean()), means, int(positives.sum()), len(targets), "")
    names = label_names(evidence)
    for number, c in enumerate(occurring):
        yield _estimate(
            float(values[number]),
            replicates[number],
            int(positives[number]),
            len(targets),
            f"label={names[c]}",
        )


def _ranking_precision(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the label ranking average precision (n,) of items that have a label."""
    values = np.empty(len(scores))
    at_once = max(1, CELLS_AT_ONCE // scores.shape[1] ** 2)
    for start in range(0, len(scores), at_once):
        s, t = scores[start : start + at_once], targets[start : start + at_once]
        at_least = s[:, None, :] >= s[:, :, None]
        rank = at_least.sum(axis=2)
        hits = (at_least & t[:, None, :]).sum(axis=2)
        values[start : start + at_once] = (hits / rank).sum(axis=1, where=t) / t.sum(axis=1)
    return values


def _average_precision(scores: np.ndarray, targets: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the average precision of one label for items drawn `counts` (r, n) times; -1 if none.

    Sum over the scores, from the highest, of (recall gained) times precision; equal scores are one
    step, as in scikit-learn.
    """
    order = np.argsort(-scores, kind="stable")
    step = np.append(np.diff(scores[order]) < 0, True)
    drawn = counts[:, order]
    hits = np.cumsum(drawn * targets[order], axis=1)[:, step]
    given = np.cumsum(drawn, axis=1)[:, step]
    gained = np.diff(hits, axis=1, prepend=0)
    total = hits[:, -1]
    area = (gained * hits / np.maximum(given, 1)).sum(axis=1)
    return np.where(total > 0, area / np.maximum(total, 1), -1.0)


def _estimate(
    value: float, replicates: np.ndarray, positives: int, n: int, subset: str
) -> Estimate:
    kept = replicates[replicates >= 0]
    if not len(kept) or np.ptp(kept) < 1e-12:
        low, high = (float(bound) for bound in wilson(value * positives, positives))
    else:
        # The acceleration needs the influence of single items, which costs n more passes: none.
        low, high = bca_interval(value, kept, np.zeros(1))
    details = {"labelled": positives}
    return Estimate(value, max(low, 0.0), min(high, 1.0), n, subset, details)
