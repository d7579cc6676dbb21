"""Concept activation vectors: the direction in which examples of a concept differ from other items.

Kim, Wattenberg, Gilmer, Cai, Wexler, Viegas & Sayres, "Interpretability Beyond Feature Attribution:
Quantitative Testing with Concept Activation Vectors (TCAV)", ICML 2018, section 3.2.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression


def concept_vector(examples: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the concept activation vector: the normal, of length 1, of what separates two sets.

    By logistic regression, on activations of mean 0 and, over all numbers, variance 1.

    Parameters
    ----------
    examples, others : float array (k, d), (l, d)

    Returns
    -------
    float64 array (d,)
        It points to `examples`; 0 where all are alike.
    """
    inputs = np.concatenate([examples, others]).astype(np.float64)
    inputs -= inputs.mean(axis=0)
    scale = np.sqrt(np.square(inputs).mean())
    if scale == 0:
        return np.zeros(inputs.shape[1])
    inputs /= scale
    wide = inputs.shape[1] > len(inputs)
    if wide:
        # The weights lie in the span of the items, where they are far fewer numbers.
        basis, coordinates = np.linalg.qr(inputs.T)
        inputs = coordinates.T
    labels = np.repeat([1, 0], [len(examples), len(others)])
    weights = LogisticRegression(max_iter=1000).fit(inputs, labels).coef_[0]
    vector = basis @ weights if wide else weights
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def vectors_between(sets: Sequence[np.ndarray]) -> np.ndarray:
    """Return the vectors of each set against each other: float64 array (sets, sets - 1, d).

    Parameters
    ----------
    sets : sequence of float array (k, d)
    """
    count = len(sets)
    found = np.empty((count, count, sets[0].shape[1]))
    for one in range(count):
        for two in range(one):
            found[one, two] = concept_vector(sets[one], sets[two])
            found[two, one] = -found[one, two]
    others = ~np.eye(count, dtype=bool)
    return found[others].reshape(count, count - 1, -1)
