"""Average precision: how far up the right labels stand, for any threshold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import bootstrap_share
from finetrust.trust.accuracy.labels.label_answers import NEEDS, label_names, ranked, targets_of
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.one_vs_rest import interval_of_mean
from finetrust.trust.accuracy.right.ranked import rank


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
    "labels that occur. Variance by the infinitesimal jackknife as a Wilson score interval, with one "
    "misplaced item more in every label; its lower end is lowered by what average precision is too "
    "high on average. Where no item has any influence, the Wilson interval of as many items as have "
    "the labels.",
    reference="Zhu 2004, University of Waterloo Working Paper 2004-09, section 3; Boyd, Eng & Page 2013, "
    "ECML PKDD, Area under the precision-recall curve, table 1, for the interval",
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
    areas = [_area(scores[:, c], targets[:, c]) for c in occurring]
    mean = np.mean([area.influence for area in areas], axis=0)
    yield _estimate(areas, mean, len(targets), "")
    names = label_names(evidence)
    for c, area in zip(occurring, areas, strict=True):
        yield _estimate([area], area.influence, len(targets), f"label={names[c]}")


@dataclass(frozen=True, eq=False)
class _Area:
    """The average precision of a label, how much it is too high, and the influence of each item."""

    value: float
    excess: float
    positives: int
    influence: np.ndarray


def _area(scores: np.ndarray, positive: np.ndarray) -> _Area:
    if positive.all():
        return _Area(1.0, 0.0, len(positive), np.zeros(len(positive)))
    found = rank(scores, positive)
    return _Area(
        found.average_precision,
        found.precision_excess,
        int(positive.sum()),
        found.precision_influence,
    )


def _estimate(areas: Sequence[_Area], influence: np.ndarray, n: int, subset: str) -> Estimate:
    values, excess = np.array([(area.value, area.excess) for area in areas]).T
    trials = np.array([[area.positives for area in areas]])
    value, details = float(values.mean()), {"labelled": int(trials.sum())}
    if influence.any():
        _, high = interval_of_mean(values, trials, influence)
        low, _ = interval_of_mean(values - excess, trials, influence)
    else:
        low, high = share_interval(value, float(trials.sum()))
    return Estimate(value, min(low, value), high, n, subset, details)


def _ranking_precision(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the label ranking average precision (n,) of items that have a label."""
    at_least = rankdata(-scores, "max", axis=1)
    hits = rankdata(np.where(targets, -scores, np.inf), "max", axis=1)
    return (hits / at_least).sum(axis=1, where=targets) / targets.sum(axis=1)
