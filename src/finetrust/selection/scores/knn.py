"""Accuracy of the nearest neighbour in the features, each item left out in turn."""

import numpy as np

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

LIMIT = 2000
_ROUNDING = 1e-12


@score(
    "knn",
    title="Nearest neighbour",
    paper="Puigcerver et al. (2021), Scalable Transfer Learning with Expert Models, ICLR; Renggli et "
    "al. (2022), Which Model to Transfer?, CVPR",
    share=True,
    limit=LIMIT,
)
def knn(evidence: Evidence) -> float:
    """Return the share of items whose nearest other item is of their class.

    ``1/n sum_i [y_i = y_j(i)]`` with ``j(i) = argmin over j != i of |x_i - x_j|``: the leave-one-out
    accuracy of one nearest neighbour by Euclidean distance, the task-aware score of Puigcerver et
    al. (2021), "Scalable Transfer Learning with Expert Models", ICLR. Of more than 2000 items the
    neighbours of 2000 drawn ones are sought among all. Among neighbours that are equally near, the
    share of the class counts (the implementations that we know take the first).
    """
    drawn = evidence.drawn(LIMIT)
    queries = evidence.centred(drawn)
    norms = (queries**2).sum(axis=1)
    nearest = np.full(len(drawn), np.inf)
    right, tied = np.zeros(len(drawn)), np.zeros(len(drawn))
    for rows in evidence.blocks():
        block = evidence.centred(rows)
        sizes = (block**2).sum(axis=1)
        distances = norms[:, None] + sizes - 2 * queries @ block.T
        own = (drawn >= rows.start) & (drawn < rows.stop)
        distances[own, drawn[own] - rows.start] = np.inf
        rounding = _ROUNDING * (norms + sizes.max())
        least = distances.min(axis=1)
        closer = least < nearest - rounding
        right[closer], tied[closer] = 0.0, 0.0
        nearest = np.minimum(nearest, least)
        near = distances <= (nearest + rounding)[:, None]
        right += (near & (evidence.codes[rows] == evidence.codes[drawn][:, None])).sum(axis=1)
        tied += near.sum(axis=1)
    return float((right / tied).mean())
