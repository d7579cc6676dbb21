"""PARC: whether items that differ in their features differ in their answers (Bolya et al. 2021)."""

import numpy as np
from scipy.stats import rankdata

from finetrust.core.errors import NotApplicable
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

LIMIT = 2000
_DECIMALS = 10


@score(
    "parc",
    title="PARC",
    paper="Bolya, Mittapalli & Hoffman (2021), Scalable Diverse Model Selection, NeurIPS",
    limit=LIMIT,
)
def parc(evidence: Evidence) -> float:
    """Return the rank correlation of the pairwise distances of features and of answers.

    With F the standardised features and Y the one-hot answers, rows compared by Pearson's r::

        D_F[i, j] = 1 - r(F_i, F_j)        D_Y[i, j] = 1 - r(Y_i, Y_j)
        PARC = Spearman's rho of {D_F[i, j] : i < j} and {D_Y[i, j] : i < j}

    Bolya, Mittapalli & Hoffman (2021), "Scalable Diverse Model Selection for Accessible Transfer
    Learning", NeurIPS. From -1 to 1; the authors' code (dbolya/parc) multiplies it by 100.
    Of more than 2000 items that many are drawn (the paper draws 500). The option of that code to
    reduce the features to 32 principal components is left out: r between rows of them hangs on
    the arbitrary signs of the components. Distances that agree in ten decimals are ties, and a row
    of features without spread has r = 0 with all others.
    """
    rows = evidence.drawn(LIMIT)
    features = evidence.features[rows].astype(np.float64)
    if features.shape[1] < 2:
        raise NotApplicable("it needs two features or more")
    features -= features.mean(axis=0)
    spread = np.sqrt((features**2).mean(axis=0))
    features /= np.where(spread > 0, spread, 1.0)
    features -= features.mean(axis=1, keepdims=True)
    norms = np.sqrt((features**2).sum(axis=1, keepdims=True))
    features /= np.where(norms > 0, norms, 1.0)
    upper = np.triu_indices(len(rows), 1)
    distances = np.round(1 - (features @ features.T)[upper], _DECIMALS)
    codes = evidence.codes[rows]
    apart = codes[upper[0]] != codes[upper[1]]
    # One-hot rows have two distances only, the same for all pairs of different classes.
    found = _correlation(rankdata(distances), rankdata(apart))
    if found is None:
        raise NotApplicable("all pairs of items are equally far apart")
    return found


def _correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    one, other = one - one.mean(), other - other.mean()
    spread = (one @ one) * (other @ other)
    return float(one @ other / np.sqrt(spread)) if spread > 0 else None
