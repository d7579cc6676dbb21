"""Confident learning: which given labels the probabilities of a model contradict.

Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70,
2021. The probabilities must come from a model that was not trained on the labels it judges.

The method takes every confident contradiction for a wrong label. A model that is right in 75 % of
the cases and knows it contradicts right labels too, which is why
:func:`noise_share_if_right` says how many contradictions its own probabilities announce.
"""

import numpy as np

NOT_CONFIDENT = -1
# A mean of equal values may lie a rounding error above them.
ROUNDING = 1e-6


def class_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean probability of each class among the items that are labelled so (eq. 2).

    Parameters
    ----------
    probabilities : float array (n, classes)
    labels : int array (n,)

    Returns
    -------
    float64 array (classes,)
        Infinite for a class that no item is labelled with: nothing can pass it. Otherwise so large
        that a probability of 0 does not pass.
    """
    n_classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=n_classes)
    sums = np.bincount(labels, self_confidence(probabilities, labels), n_classes)
    return np.where(counts > 0, np.maximum(sums / np.maximum(counts, 1), 2 * ROUNDING), np.inf)


def confident_classes(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the most probable of the classes that pass their threshold (eq. 1).

    Returns
    -------
    int64 array (n,)
        ``NOT_CONFIDENT`` where none does.
    """
    passing = np.where(probabilities >= thresholds - ROUNDING, probabilities, -1.0)
    best = passing.argmax(axis=1)
    return np.where(passing[np.arange(len(best)), best] < 0, NOT_CONFIDENT, best)


def confident_joint(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how many items labelled i are confidently of class j (eq. 1).

    Parameters
    ----------
    probabilities : float array (n, classes)
    labels : int array (n,)

    Returns
    -------
    int64 array (classes, classes)
    """
    n_classes = probabilities.shape[1]
    classes = confident_classes(probabilities, class_thresholds(probabilities, labels))
    confident = classes != NOT_CONFIDENT
    cells = labels[confident] * n_classes + classes[confident]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def joint_distribution(joint: np.ndarray, label_counts: np.ndarray) -> np.ndarray:
    """Return the joint distribution of given and true labels (eq. 3).

    The rows of the confident joint, scaled to the shares of the given labels. A class of which no
    item is confident is taken to be labelled rightly.

    Parameters
    ----------
    joint : float array (classes, classes)
    label_counts : int array (classes,)

    Returns
    -------
    float64 array (classes, classes)
        Sums to 1.
    """
    known = joint + np.diag(joint.sum(axis=1) == 0)
    rows = known / known.sum(axis=1, keepdims=True)
    return rows * (label_counts / label_counts.sum())[:, None]


def noise_share(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of wrong labels as confident learning counts them: 1 - trace of eq. 3."""
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    distribution = joint_distribution(confident_joint(probabilities, labels), counts)
    return float(np.clip(1 - np.trace(distribution), 0, 1))


def noise_share_if_right(probabilities: np.ndarray) -> float:
    """Return :func:`noise_share` as the probabilities announce it if every label is right.

    Labels are replaced by their distribution: item x is labelled i with probability p_i(x), so
    that the threshold of class j is the mean of p_j weighted by itself, and every item is counted in
    all rows of the joint.

    Parameters
    ----------
    probabilities : float array (n, classes)
    """
    probabilities = np.asarray(probabilities, np.float64)
    mass = probabilities.sum(axis=0)
    means = (probabilities**2).sum(axis=0) / np.maximum(mass, 1e-300)
    thresholds = np.where(mass > 0, np.maximum(means, 2 * ROUNDING), np.inf)
    classes = confident_classes(probabilities, thresholds)
    n_classes = probabilities.shape[1]
    confident = classes != NOT_CONFIDENT
    joint = np.zeros((n_classes, n_classes))
    for of in np.unique(classes[confident]):
        joint[:, of] = probabilities[classes == of].sum(axis=0)
    return float(np.clip(1 - np.trace(joint_distribution(joint, mass)), 0, 1))


def self_confidence(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the probability of each given label: float array (n,); the lowest are suspect."""
    return probabilities[np.arange(len(labels)), labels]


def normalised_margin(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the probability of each given label minus that of the best other class: (n,)."""
    others = np.array(probabilities, dtype=np.float64)
    own = self_confidence(others, labels)
    others[np.arange(len(labels)), labels] = -np.inf
    return own - others.max(axis=1)


def prune_by_noise_rate(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which labels confident learning would remove (section 4.3, PBNR).

    Of the items labelled i as many as eq. 3 counts in cell (i, j), those with the largest p_j - p_i,
    for every j. What the model finds most probable as labelled is no suspect, whatever the count says.

    Parameters
    ----------
    probabilities : float array (n, classes)
    labels : int array (n,)

    Returns
    -------
    bool array (n,)
    """
    n_classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=n_classes)
    joint = joint_distribution(confident_joint(probabilities, labels), counts)
    to_remove = np.rint(joint * len(labels)).astype(np.int64)
    np.fill_diagonal(to_remove, 0)
    removed = np.zeros(len(labels), bool)
    for label in np.flatnonzero(to_remove.any(axis=1)):
        rows = np.flatnonzero(labels == label)
        for other in np.flatnonzero(to_remove[label]):
            margin = probabilities[rows, label] - probabilities[rows, other]
            most = np.argsort(margin, kind="stable")[: to_remove[label, other]]
            removed[rows[most]] = True
    return removed & (normalised_margin(probabilities, labels) < 0)
