"""Slices of items that look alike to the model and on which it fails together, found honestly.

In the manner of Eyuboglu et al., "Domino", ICLR 2022. What is looked for among many clusters is found
in noise too, so the clusters are found on one random half of the items and judged on the other.

Of 2,000 real photographs of 10 classes (CIFAR-10, ResNet-20) a random tenth in dim light is found in 20
of 24 trials (accuracy 0.53 there, 0.80 elsewhere), a noisy tenth (0.30) in all. Of 1,400 handwritten
digits one of two ways to write one of them (3 % of all, mislabelled) is found in 31 of 40.
"""

from collections.abc import Sequence

import numpy as np

from finetrust.trust.accuracy.groups.error_mixture import ErrorMixture
from finetrust.trust.accuracy.groups.partition import Partition
from finetrust.trust.accuracy.groups.principal_components import PrincipalComponents

DIMENSIONS = 32
CLUSTERS = 25
ITEMS_A_CLUSTER = 60
LEAST_FOUND = 10
MOST_FITTED = 20_000
MOST_JUDGED = 100_000
MOST_TESTED = 8
"""How many clusters are judged on the other half: those with the most errors on the first."""


def by_cluster(
    features: np.ndarray,
    targets: np.ndarray,
    predicted: np.ndarray,
    names: Sequence[str],
    seed: int,
) -> Partition | None:
    """Return the clusters that had most errors on one half of the items, among those of the other.

    Parameters
    ----------
    features : float array (n, d)
    targets, predicted : int array (n,)
    names : sequence of str
        Of the classes.
    seed : int
        Of the halves and of the clusters.

    Returns
    -------
    Partition or None
        Items of the first half are left out of it. None where there are too few items, or no errors.
    """
    answered = np.flatnonzero(predicted >= 0)
    shuffled = np.random.default_rng(seed).permutation(answered)
    half = len(shuffled) // 2
    found_on, judged_on = shuffled[:half][:MOST_FITTED], shuffled[half:][:MOST_JUDGED]
    found_on = found_on[np.isfinite(features[found_on]).all(axis=1)]
    k = min(CLUSTERS, len(found_on) // ITEMS_A_CLUSTER)
    if k < 2:
        return None
    right = targets == predicted
    components = PrincipalComponents.of(features[found_on], DIMENSIONS, seed)
    z = components.scores(features, found_on)
    answers = (targets[found_on], predicted[found_on])
    mixture = ErrorMixture.fit(z, answers, right[found_on], k, seed)
    worst = _with_most_errors(mixture.cluster_of(z), right[found_on], k)
    if not len(worst):
        return None
    rank = np.full(k, len(worst))
    rank[worst] = np.arange(len(worst))
    there = components.scores(features, judged_on)
    finite = np.isfinite(there).all(axis=1)
    of_item = np.full(len(targets), -1)
    of_item[judged_on[finite]] = rank[mixture.cluster_of(there[finite])]
    told = tuple(
        _name(number, targets[of_item == number], predicted[of_item == number], names)
        for number in range(len(worst))
    )
    return Partition("cluster", told, of_item)


def _with_most_errors(cluster: np.ndarray, right: np.ndarray, k: int) -> np.ndarray:
    """Return the clusters that are wrong more often than all items together, the worst first."""
    n = np.bincount(cluster, minlength=k)
    wrong = np.bincount(cluster[~right], minlength=k)
    share = np.divide(wrong, n, out=np.zeros(k), where=n >= LEAST_FOUND)
    order = np.argsort(-share, kind="stable")
    return order[share[order] > (~right).mean()][:MOST_TESTED]


def _name(number: int, targets: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> str:
    """Return what is in a cluster: its number, what it mostly is, and what that is mistaken for."""
    title = f"cluster {number + 1}"
    if not len(targets):
        return title
    counts = np.bincount(targets, minlength=len(names))
    first = int(counts.argmax())
    how = "mostly" if counts[first] >= len(targets) / 2 else "among others"
    mistaken = predicted[(targets != predicted) & (targets == first)]
    if not len(mistaken):
        return f"{title}: {how} “{names[first]}”"
    taken_for = names[int(np.bincount(mistaken).argmax())]
    return f"{title}: {how} “{names[first]}”, often taken for “{taken_for}”"
