"""The few directions in which features vary most.

Halko, Martinsson & Tropp, "Finding Structure with Randomness", SIAM Review 53(2), 2011, algorithm 4.4.
"""

from dataclasses import dataclass

import numpy as np

_SPARE = 8
_STEPS = 4
_ROWS_AT_ONCE = 1 << 15


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Directions of features, float32: `centre` (d,) and `directions` (d, k), orthonormal."""

    centre: np.ndarray
    directions: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, k: int, seed: int) -> "PrincipalComponents":
        """Return the `k` directions of the largest variance of float features (m, d).

        Fewer where there are fewer dimensions or items.
        """
        centre = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = features.astype(np.float32) - centre
        width = min(k + _SPARE, *centred.shape)
        start = np.random.default_rng(seed).normal(size=(centred.shape[1], width))
        basis = np.linalg.qr(start.astype(np.float32))[0]
        for _ in range(_STEPS):
            basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
        _, _, rotation = np.linalg.svd(centred @ basis, full_matrices=False)
        return cls(centre, (basis @ rotation.T)[:, :k])

    def scores(self, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return where the items at `rows` (m,) of features (n, d) lie: float64 array (m, k)."""
        parts = [
            (features[rows[start : start + _ROWS_AT_ONCE]].astype(np.float32) - self.centre)
            @ self.directions
            for start in range(0, max(1, len(rows)), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts).astype(np.float64)
