"""TransRate: bits that the features take, less those they take within a class (Huang et al. 2022)."""

import numpy as np

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

DISTORTION = 1e-4


@score(
    "transrate",
    title="TransRate",
    paper="Huang, Huang, Rong, Yang & Wei (2022), Frustratingly Easy Transferability Estimation, ICML",
)
def transrate(evidence: Evidence) -> float:
    """Return the coding rate of the features less that of the features given the class.

    With ``Z`` the features less the mean of all, ``Z_c`` those of class c, and e = 1e-4::

        R(Z) = 1/2 log det(I + Z^T Z / (n e))
        TransRate = R(Z) - sum_c n_c / n R(Z_c)

    Huang, Huang, Rong, Yang & Wei (2022), "Frustratingly Easy Transferability Estimation", ICML.
    The listing in the paper gives every class the weight 1 / classes, which is the same where they
    are equally frequent.
    """
    n = len(evidence)
    whole = np.log1p(evidence.centred_spectrum.values / (n * DISTORTION)).sum() / 2
    order = np.argsort(evidence.codes, kind="stable")
    within = 0.0
    for rows in np.split(order, np.cumsum(evidence.class_sizes)[:-1]):
        own = evidence.centred(rows)
        within += len(rows) / n * coding_rate(own)
    return float(whole - within)


def coding_rate(rows: np.ndarray) -> float:
    """Return ``1/2 log det(I + Z^T Z / (n e))`` of centred features: float64 array (n, d), in nats."""
    n, d = rows.shape
    products = rows.T @ rows if d <= n else rows @ rows.T
    return float(np.linalg.slogdet(np.eye(len(products)) + products / (n * DISTORTION))[1]) / 2
