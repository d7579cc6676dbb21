"""Stability of the ranking of classes: is the weakest class weakest in every training?

Kendall, "A New Measure of Rank Correlation", Biometrika 30, 1938; with ties tau-b (Kendall 1945).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.stability.repeats.crossed import Part, Spread, jackknife
from finetrust.trust.stability.repeats.retrained import retrained_of

RESAMPLES_OF_ITEMS = 50


@measure(
    "class_ranking_agreement",
    axis="stability",
    topic="retrained",
    title="Agreement on which classes are hard",
    better="higher",
    method="Kendall's tau-b between the accuracies of the classes of two models that differ by one "
    "thing only, averaged over all such pairs, every kind of repeat counting the same: 1 where all "
    "rank the classes alike, 0 where the ranking is chance. Pairs of which one gets all classes "
    "equally right are left out. Student's interval that allows for the choice of the items (bootstrap) "
    "and, with three or more models of a kind, of the models (jackknife); it is cautious, as on few "
    "items a resampled ranking is less like another than one of other items would be.",
    reference="Kendall 1938, doi:10.1093/biomet/30.1-2.81; Kendall 1945, doi:10.1093/biomet/33.3.239",
    needs=("target", "logits|predicted_class"),
    meaning="Whether the classes that the model is weak on stay the same when it is trained again.",
    secondary=True,
)
def class_ranking_agreement(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the kinds of repeat.

    The details hold the lowest and the highest accuracy of each class over all models.
    """
    found = retrained_of(evidence)
    present, targets = np.unique(found.target, return_inverse=True)
    if len(present) < 3:
        raise NotApplicable(f"a ranking takes three classes with items; there are {len(present)}")
    groups = [of == found.target for of in found.alike.values() if len(of) > 1]
    if not groups:
        raise NotApplicable("there are no two models that differ by one thing alone")
    value = _mean_tau([_by_class(group, targets) for group in groups])
    if value is None:
        raise NotApplicable("the models get all classes equally right, which is no ranking")
    spread = Spread(
        [*_of_models(groups, targets), _of_items(groups, targets, value, evidence.seed)]
    )
    half = spread.t * float(np.sqrt(spread.variance))
    accuracies = _by_class(found.everyone == found.target, targets)
    names = [evidence.classes[c] if c < len(evidence.classes) else str(c) for c in present.tolist()]
    lowest, highest = accuracies.min(axis=0).tolist(), accuracies.max(axis=0).tolist()
    details = {"classes": names, "lowest": lowest, "highest": highest}
    low, high = max(value - half, -1.0), min(value + half, 1.0)
    yield Estimate(value, min(low, value), max(high, value), len(found.ids), "", details)


def kendall_tau(accuracies: np.ndarray) -> np.ndarray:
    """Return tau-b of every pair of rankings; NaN where one of the two is all ties.

    Parameters
    ----------
    accuracies : float array (models, classes)

    Returns
    -------
    float64 array (models, models)
    """
    above = np.sign(accuracies[:, :, None] - accuracies[:, None, :])
    above = above.reshape(len(accuracies), -1).astype(np.float32)
    # Sums of -1, 0 and 1 are exact in float32 up to 4,096 classes.
    together = (above @ above.T).astype(np.float64)
    untied = np.sqrt(np.diag(together))
    scale = np.outer(untied, untied)
    tau = np.clip(together / np.where(scale > 0, scale, 1), -1, 1)
    return np.where(scale > 0, tau, np.nan)


def _mean_tau(accuracies: Sequence[np.ndarray]) -> float | None:
    """Return the mean over groups of the mean over pairs of models (models, classes)."""
    means = []
    for group in accuracies:
        taus = kendall_tau(group)[np.triu_indices(len(group), 1)]
        if np.isfinite(taus).any():
            means.append(float(np.nanmean(taus)))
    return float(np.mean(means)) if means else None


def _by_class(right: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the accuracy of each class: float array (models, classes); NaN-free for present ones."""
    count = np.bincount(targets)
    return np.stack([np.bincount(targets, of) for of in right.astype(float)]) / np.maximum(count, 1)


def _of_models(groups: Sequence[np.ndarray], targets: np.ndarray) -> Iterator[Part]:
    for group in groups:
        if len(group) > 2:
            accuracies = _by_class(group, targets)
            others = [
                _mean_tau([np.delete(accuracies, model, axis=0)]) for model in range(len(group))
            ]
            variance, df = jackknife([tau for tau in others if tau is not None])
            yield variance / len(groups) ** 2, df


def _of_items(groups: Sequence[np.ndarray], targets: np.ndarray, value: float, seed: int) -> Part:
    """Return the mean squared change of the value when the items of each class are drawn anew.

    About the value and not about the mean of the resamples: rankings that agree in full have no
    variance that could be seen otherwise. A resample in which no class is better than another counts
    as chance.
    """
    rng = np.random.default_rng(seed)
    changes = []
    by_class = [np.flatnonzero(targets == c) for c in range(targets.max() + 1)]
    for _ in range(RESAMPLES_OF_ITEMS):
        drawn = np.concatenate([rng.choice(rows, len(rows)) for rows in by_class])
        tau = _mean_tau([_by_class(group[:, drawn], targets[drawn]) for group in groups])
        changes.append((tau or 0.0) - value)
    return float(np.mean(np.square(changes))), len(changes) - 1.0
