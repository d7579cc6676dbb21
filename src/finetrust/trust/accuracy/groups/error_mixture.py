"""A mixture of clusters in which items look alike and are mistaken alike: Domino's error-aware mixture.

Eyuboglu et al., "Domino: Discovering Systematic Errors with Cross-Modal Embeddings", ICLR 2022,
section 5.2 and appendix A: p(z, y, y') = sum over s of p(s) N(z | s) p(y | s)^g p(y' | s)^g.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

WEIGHT = 10.0
"""How much the answers count beside the embedding (the paper's gamma)."""
WRONG_A_CLUSTER = 20
"""About how many wrong items a cluster of them starts with."""
_SMOOTHING = 0.1
_STEPS = 20


@dataclass(frozen=True, eq=False)
class ErrorMixture:
    """A fitted mixture of k clusters in d dimensions.

    Parameters
    ----------
    share : float64 array (k,)
    mean, variance : float64 array (k, d)
    of_answers : tuple of float64 array (k, values)
        Log-probabilities, within each cluster, of the values of everything that is said of the items.
    """

    share: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    of_answers: tuple[np.ndarray, ...]

    @classmethod
    def fit(
        cls, z: np.ndarray, answers: Sequence[np.ndarray], right: np.ndarray, k: int, seed: int
    ) -> "ErrorMixture":
        """Fit it by expectation maximisation, from clusters of right and of wrong items apart.

        Parameters
        ----------
        z : float64 array (m, d)
        answers : sequence of int array (m,)
            What is said of the items beside the embedding: in the paper target and prediction.
        right : bool array (m,)
        k : int
            At most m clusters.
        seed : int
        """
        mixture = cls._of(z, answers, np.eye(k)[_start(z, right, k, seed)])
        for _ in range(_STEPS):
            log = mixture._log_embedding(z) + WEIGHT * mixture._log_answers(answers)
            mixture = cls._of(z, answers, np.exp(log - logsumexp(log, axis=1, keepdims=True)))
        return mixture

    def cluster_of(self, z: np.ndarray) -> np.ndarray:
        """Return the most probable cluster by the embedding alone: int array (m,) for z (m, d).

        The answers are left out, since an item that is put into a cluster for being wrong says
        nothing about how often the model is wrong there.
        """
        return self._log_embedding(z).argmax(axis=1)

    @classmethod
    def _of(
        cls, z: np.ndarray, answers: Sequence[np.ndarray], member: np.ndarray
    ) -> "ErrorMixture":
        """Return the mixture that fits best when items belong to clusters by `member` (m, k)."""
        size = member.sum(axis=0)
        known = np.maximum(size, 1e-9)[:, None]
        mean = member.T @ z / known
        spread = z.var(axis=0)
        # One item's worth of the spread of all keeps small clusters from shrinking to a point.
        squares = member.T @ z**2 - size[:, None] * mean**2
        variance = (np.maximum(squares, 0) + spread) / (known + 1) + 1e-6 * spread.mean() + 1e-12
        share = (size + 1e-9) / (size + 1e-9).sum()
        return cls(share, mean, variance, tuple(_log_shares(member, said) for said in answers))

    def _log_embedding(self, z: np.ndarray) -> np.ndarray:
        precision = 1 / self.variance
        square = z**2 @ precision.T - 2 * z @ (self.mean * precision).T
        constant = (self.mean**2 * precision + np.log(self.variance)).sum(axis=1)
        return np.log(self.share) - (square + constant) / 2

    def _log_answers(self, answers: Sequence[np.ndarray]) -> np.ndarray:
        found = [log.T[said] for log, said in zip(self.of_answers, answers, strict=True)]
        return np.sum(found, axis=0)


def _start(z: np.ndarray, right: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return a first cluster for each item: int array (m,)."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    wrong = int((~right).sum())
    # Wrong items are few: among more clusters those that belong together would be torn apart.
    of_wrong = min(k // 2, wrong, max(1, wrong // WRONG_A_CLUSTER))
    of_right = min(k - of_wrong, len(z) - wrong)
    of_item = np.zeros(len(z), dtype=int)
    for some, count, first in ((~right, of_wrong, 0), (right, of_right, of_wrong)):
        if count:
            means = KMeans(count, n_init=1, max_iter=10, random_state=seed)
            with warnings.catch_warnings():
                # Items that are all alike make fewer clusters, which is as it should be.
                warnings.simplefilter("ignore", ConvergenceWarning)
                of_item[some] = first + means.fit(z[some]).labels_
    return of_item


def _log_shares(member: np.ndarray, said: np.ndarray) -> np.ndarray:
    values = int(said.max()) + 1
    sums = [np.bincount(said, weights, values) for weights in member.T]
    counts = np.stack(sums) + _SMOOTHING / values
    return np.log(counts / counts.sum(axis=1, keepdims=True))
