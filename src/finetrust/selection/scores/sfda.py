"""SFDA: a Fisher discriminant that must also hold for features made harder (Shao et al. 2022)."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigvalsh
from scipy.special import log_softmax, softmax

from finetrust.core.errors import NotApplicable
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score

DECAY = 5.0
LEAST_SHRINKAGE = 1e-10
_POINTS = 1e-12


@score(
    "sfda",
    title="SFDA",
    paper="Shao, Zhao, Ge, Zhang, Yang, Wang, Shan & Luo (2022), Not All Models Are Equal, ECCV",
)
def sfda(evidence: Evidence) -> float:
    """Return the mean log probability of the answers by a Fisher discriminant of harder features.

    With ``S_w`` the covariance within classes, s its greatest eigenvalue, and m_c, q_c the mean and
    the share of class c::

        a = exp(-5 s), at least 1e-10        S = (1 - a) S_w + a tr(S_w) / d I
        f_c(x) = x^T S^-1 m_c - 1/2 m_c^T S^-1 m_c + log q_c        P(c | x) = softmax(f(x))_c

    Confident mixing then draws each item towards the other classes, the less sure the more::

        p_i = softmax(P(. | x_i))_{y_i}
        x'_i = p_i x_i + (1 - p_i) 1 / (classes - 1) sum_{c != y_i} m_c

    The score is ``1/n sum_i log P'(y_i | x'_i)`` by a discriminant fitted to x' with the same a.

    Shao, Zhao, Ge, Zhang, Yang, Wang, Shan & Luo (2022), "Not All Models Are Equal: Predicting Model
    Transferability in a Self-challenging Fisher Space", ECCV. The constants are those of the authors'
    code (TencentARC/SFDA), which averages the probability where the paper averages its logarithm, and
    finds s by three steps of power iteration where this is exact. At most 0, which it reaches where
    fewer items than features can be told apart whatever their classes.
    """
    n, sizes, codes = len(evidence), evidence.class_sizes, evidence.codes
    means = evidence.class_means
    d = evidence.features.shape[1]
    within = (evidence.scatter - (means.T * sizes) @ means) / n
    if np.trace(within) <= _POINTS * np.trace(evidence.scatter) / n:
        raise NotApplicable("all items of a class have the same features")
    greatest = eigvalsh(within, subset_by_index=[len(within) - 1, len(within) - 1])[0]
    shrinkage = max(float(np.exp(-DECAY * greatest)), LEAST_SHRINKAGE)
    first = Discriminant(within, means, sizes / n, shrinkage, d)
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    products = np.zeros_like(within)
    sums = np.zeros_like(means)
    confidence = np.empty(n)
    for rows in evidence.blocks():
        block = evidence.centred(rows)
        sure = softmax(softmax(first(block), axis=1), axis=1)
        confidence[rows] = sure[np.arange(len(block)), codes[rows]]
        harder = _mixed(block, confidence[rows], others[codes[rows]])
        products += harder.T @ harder
        sums += evidence.answers[rows].T @ harder
    harder_means = sums / sizes[:, None]
    harder_within = (products - (harder_means.T * sizes) @ harder_means) / n
    second = Discriminant(harder_within, harder_means, sizes / n, shrinkage, d)
    total = 0.0
    for rows in evidence.blocks():
        block = evidence.centred(rows)
        found = second(_mixed(block, confidence[rows], others[codes[rows]]))
        total += log_softmax(found, axis=1)[np.arange(len(block)), codes[rows]].sum()
    return float(total / n)


class Discriminant:
    """A linear discriminant whose covariance is shrunk towards a multiple of the identity.

    Parameters
    ----------
    within : float64 array (width, width)
        Covariance within classes.
    means : float64 array (classes, width)
    shares : float64 array (classes,)
    shrinkage : float
        Above 0, at most 1.
    d : int
        Features; more than `width` where the items do not vary in all directions.
    """

    def __init__(
        self, within: np.ndarray, means: np.ndarray, shares: np.ndarray, shrinkage: float, d: int
    ) -> None:
        ridge = shrinkage * np.trace(within) / d * np.eye(len(within))
        shrunk = (1 - shrinkage) * within + ridge
        self._coefficients = cho_solve(cho_factor(shrunk), means.T)
        self._intercepts = np.log(shares) - (means.T * self._coefficients).sum(axis=0) / 2

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the logits of centred features (n, width): float64 array (n, classes)."""
        return rows @ self._coefficients + self._intercepts


def _mixed(rows: np.ndarray, confidence: np.ndarray, others: np.ndarray) -> np.ndarray:
    return confidence[:, None] * rows + (1 - confidence[:, None]) * others
