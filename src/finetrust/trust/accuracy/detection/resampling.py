"""Intervals of figures of detection: images are resampled, and matched detections counted anew.

Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, sections 11.5 and 14.3.
"""

from dataclasses import dataclass

import numpy as np

from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    bca_interval,
    resampled_counts,
    wilson,
)

LEAST_RESAMPLES = 200
DETECTIONS_IN_ALL = 4_000_000
"""So many detections are counted in all resamples together, unless those would be too few."""

_MOST_LEFT_OUT = 100


@dataclass(frozen=True)
class Weightings:
    """How often each image is there: once, in resamples, and with some left out.

    Parameters
    ----------
    weights : float64 array (1 + resamples + groups, n)
    resamples : int
    """

    weights: np.ndarray
    resamples: int

    @classmethod
    def of(cls, n: int, detections: int, seed: int) -> "Weightings":
        """Draw 1000 resamples of n images; of many detections fewer, but 200 at least.

        The images are left out in 100 groups, or one by one where there are fewer.
        """
        resamples = DETECTIONS_IN_ALL // max(detections, 1)
        resamples = min(max(resamples, LEAST_RESAMPLES), RESAMPLES)
        groups = np.arange(n) % _MOST_LEFT_OUT
        without = groups != np.arange(min(n, _MOST_LEFT_OUT))[:, None]
        drawn = list(resampled_counts(n, resamples, seed))
        rows = [np.ones((1, n)), *drawn, without if n > 1 else np.zeros((0, n))]
        return cls(np.concatenate(rows), resamples)

    def interval(self, values: np.ndarray, highest: float = 1.0) -> tuple[float, float, float]:
        """Return a figure and its 95 % BCa interval.

        The acceleration comes from leaving out images (eq. 14.15). Where that changes nothing, as
        with a single image or where nothing is found at all, the interval is that of Wilson for
        the share of as many images.

        Average precision is too large on few images, and in their resamples even more, which BCa
        takes account of. Share of simulated sets (3 classes, up to 8 objects an image, AP 0.26)
        whose 95 % interval covers the AP of 3000 images: of 20 images 0.85 (percentile interval:
        0.78), of 70 images 0.93 (0.81).

        Parameters
        ----------
        values : float array (1 + resamples + groups,)
            The figure under each weighting, not negative; NaN where there is none.
        highest : float
            No value is larger.

        Returns
        -------
        value, low, high : float
        """
        n = self.weights.shape[1]
        value = float(values[0])
        drawn, without = np.split(values[1:], [self.resamples])
        influence = value - without[np.isfinite(without)]
        drawn = drawn[np.isfinite(drawn)]
        if not len(influence) or not len(drawn) or np.ptp(influence) < 1e-12:
            least, most = wilson(min(value, 1.0) * n, n)
            return value, min(float(least), value), max(float(most), value)
        low, high = bca_interval(value, drawn, influence)
        return value, max(low, 0.0), min(high, highest)
