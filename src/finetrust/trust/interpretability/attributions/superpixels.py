"""Superpixels: connected-looking regions of like colour.

As SLIC (Achanta et al., "SLIC Superpixels Compared to State-of-the-art Superpixel Methods", IEEE
TPAMI 2012): k-means on colour and position from a regular grid of centres, here in RGB and without
its search windows.
"""

import numpy as np
from sklearn.cluster import KMeans

_COMPACTNESS = 0.3
"""How much colour, of 1, weighs as much as the spacing of the centres."""

_ROUNDS = 10


def superpixels(image: np.ndarray, count: int) -> np.ndarray:
    """Return which superpixel each pixel belongs to.

    Parameters
    ----------
    image : float array (h, w, 3)
        In [0, 1].
    count : int
        About how many; the grid of centres decides.

    Returns
    -------
    int64 array (h, w)
        From 0 on, without gaps.
    """
    height, width, _ = image.shape
    spacing = max(1.0, (height * width / count) ** 0.5)
    rows, columns = (
        _centres(length, max(1, round(length / spacing))) for length in (height, width)
    )
    y, x = np.mgrid[:height, :width]
    place = np.stack([y, x], axis=2) * (_COMPACTNESS / spacing)
    features = np.concatenate([image, place], axis=2).astype(np.float32)
    start = features[rows][:, columns].reshape(-1, 5)
    found = KMeans(len(start), init=start, n_init=1, max_iter=_ROUNDS).fit_predict(
        features.reshape(-1, 5)
    )
    return np.unique(found, return_inverse=True)[1].reshape(height, width).astype(np.int64)


def _centres(length: int, count: int) -> np.ndarray:
    return ((np.arange(count) + 0.5) * length / count).astype(np.int64)
