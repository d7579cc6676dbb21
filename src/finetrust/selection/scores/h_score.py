"""H-score with a shrunk covariance: between-class spread in units of spread (Ibrahim et al. 2022)."""

import numpy as np

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score


@score(
    "h-score",
    title="H-score",
    paper="Ibrahim, Ponomareva & Mazumder (2022), Newer is not always better, ECML PKDD; Bao et al. "
    "(2019), ICIP",
)
def h_score(evidence: Evidence) -> float:
    """Return the H-score of the features with the covariance of Ledoit and Wolf.

    With ``S`` the covariance of the features, ``S_z`` that of the class means, and ``a`` the
    shrinkage::

        S_a = (1 - a) S + a tr(S) / d I        H_a = tr(S_a^-1 (1 - a) S_z)

    Bao et al. (2019), "An Information-Theoretic Approach to Transferability in Task Transfer
    Learning", ICIP; shrunk by Ibrahim, Ponomareva & Mazumder (2022), "Newer is not always better:
    Rethinking transferability metrics, their peculiarities, stability and performance", ECML PKDD.
    At most the number of classes less 1. Both covariances are divided by n; the implementation in
    tllib divides ``S_z`` by n - 1.
    """
    n, d = evidence.features.shape
    spectrum = evidence.centred_spectrum
    variances = spectrum.values / n
    shrinkage = ledoit_wolf_shrinkage(variances, _fourth_moment(evidence), n, d)
    shrunk = (1 - shrinkage) * variances + shrinkage * variances.sum() / d
    between = (evidence.class_sizes / n) @ (evidence.class_means @ spectrum.directions) ** 2
    return float((1 - shrinkage) * (between / shrunk).sum())


def ledoit_wolf_shrinkage(variances: np.ndarray, fourth: float, n: int, d: int) -> float:
    """Return how far the sample covariance should be shrunk towards a multiple of the identity.

    Ledoit & Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices",
    Journal of Multivariate Analysis 88, lemma 3.2-3.4, with S the covariance divided by n::

        delta^2 = |S - m I|^2 / d        beta^2 = (1/n sum_i |x_i|^4 - |S|^2) / (n d)
        a = min(beta^2, delta^2) / delta^2

    Parameters
    ----------
    variances : float64 array (rank,)
        Eigenvalues of S that are not 0.
    fourth : float
        Mean of the fourth powers of the norms of the centred items.
    n, d : int
        Items and features.

    Returns
    -------
    float
        From 0 to 1.
    """
    squares = (variances**2).sum()
    distance = (squares - variances.sum() ** 2 / d) / d
    noise = (fourth - squares) / (n * d)
    # Where all directions vary alike, S is a multiple of the identity already.
    return float(min(max(noise, 0.0) / distance, 1.0)) if distance > 0 else 0.0


def _fourth_moment(evidence: Evidence) -> float:
    squares = [(evidence.centred(rows) ** 2).sum(axis=1) for rows in evidence.blocks()]
    return float((np.concatenate(squares) ** 2).mean())
