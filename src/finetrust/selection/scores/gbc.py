"""GBC: how little the classes overlap as Gaussians in the features (Pandy et al. 2022)."""

import numpy as np

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

DIMENSIONS = 64
LEAST_VARIANCE = 1e-4


@score(
    "gbc",
    title="GBC",
    paper="Pandy, Agostinelli, Uijlings, Ferrari & Mensink (2022), Transferability Estimation using "
    "Bhattacharyya Class Separability, CVPR",
)
def gbc(evidence: Evidence) -> float:
    """Return the negative sum of the Bhattacharyya coefficients of all ordered pairs of classes.

    Each class is a spherical Gaussian ``N(m_c, v_c I)`` in the first 64 principal components::

        D(c, k) = |m_c - m_k|^2 / (8 v) + p/2 log(v / sqrt(v_c v_k)),    v = (v_c + v_k) / 2
        GBC = - sum_{c != k} exp(-D(c, k))

    Pandy, Agostinelli, Uijlings, Ferrari & Mensink (2022), "Transferability Estimation using
    Bhattacharyya Class Separability", CVPR. At most 0. The authors' code
    (google-research/stable_transfer) counts the logarithm once instead of p times, and allows no
    variance below 1e-4; here the least variance is 1e-4 of that of all items, so that the score
    does not change with the scale of the features.
    """
    spectrum = evidence.centred_spectrum
    directions = spectrum.directions[:, :DIMENSIONS]
    p = directions.shape[1]
    means = evidence.class_means @ directions
    spread = np.zeros(len(means))
    for rows in evidence.blocks():
        codes = evidence.codes[rows]
        off = evidence.centred(rows) @ directions - means[codes]
        spread += np.bincount(codes, (off**2).sum(axis=1), len(means))
    variances = spread / (evidence.class_sizes * p)
    least = LEAST_VARIANCE * spectrum.values[:DIMENSIONS].sum() / (len(evidence) * p)
    coefficients = np.exp(-bhattacharyya_distances(means, np.maximum(variances, least)))
    return -float(coefficients.sum() - np.trace(coefficients))


def bhattacharyya_distances(means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return the distances of spherical Gaussians from one another.

    Parameters
    ----------
    means : float64 array (classes, p)
    variances : float64 array (classes,)
        Above 0.

    Returns
    -------
    float64 array (classes, classes)
    """
    norms = (means**2).sum(axis=1)
    squared = np.maximum(norms[:, None] + norms - 2 * means @ means.T, 0.0)
    middle = (variances[:, None] + variances) / 2
    logs = np.log(variances)
    volume = np.log(middle) - (logs[:, None] + logs) / 2
    return squared / (8 * middle) + means.shape[1] / 2 * volume
