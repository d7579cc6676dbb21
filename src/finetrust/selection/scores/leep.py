"""LEEP: what the model's own classes say about the answers, softly (Nguyen et al. 2020)."""

from collections.abc import Iterator

import numpy as np
from scipy.special import softmax

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

_BLOCK_ROWS = 8192


@score(
    "leep",
    title="LEEP",
    paper="Nguyen, Hassner, Seeger & Archambeau (2020), LEEP, ICML, eq. 2",
    source=True,
    features=False,
)
def leep(evidence: Evidence) -> float:
    """Return the mean log likelihood of the answers by the expected empirical predictor.

    With ``theta(x)`` the model's own distribution over its source classes z::

        P(y, z) = 1/n sum_i theta(x_i)_z [y_i = y]        P(y | z) = P(y, z) / P(z)
        LEEP = 1/n sum_i log sum_z P(y_i | z) theta(x_i)_z

    Nguyen, Hassner, Seeger & Archambeau (2020), "LEEP: A New Measure to Evaluate Transferability of
    Learned Representations", ICML, eq. 2. At most 0. As thuml/LogME, thuml/Transfer-Learning-Library
    and dbolya/parc have it.
    """
    assert evidence.source_logits is not None
    joint = sum(evidence.answers[rows].T @ theta for rows, theta in _blocks(evidence.source_logits))
    marginal = joint.sum(axis=0)
    # A source class to which no item gives any probability takes no part in any sum.
    conditional = joint / np.where(marginal > 0, marginal, 1.0)
    total = 0.0
    for rows, theta in _blocks(evidence.source_logits):
        likelihood = (conditional[evidence.codes[rows]] * theta).sum(axis=1)
        total += float(np.log(likelihood).sum())
    return total / len(evidence)


def _blocks(logits: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for start in range(0, len(logits), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        yield rows, softmax(logits[rows].astype(np.float64), axis=1)
