"""Edges of images (Canny, "A computational approach to edge detection", PAMI 1986)."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from finetrust.trust.stability.corruptions.gaussian_filter import pad_with_edge

# Tangents of 22.5 and 67.5 degrees in steps of 2**-15: where a direction counts as diagonal.
TANGENT_22, TANGENT_67 = 13573, 13573 + (1 << 16)


def canny(images: Tensor, low: int, high: int) -> Tensor:
    """Return where the edges are, as ``cv2.Canny`` with an aperture of 3 and the L1 norm.

    Parameters
    ----------
    images : int32 tensor (n, h, w)
        0 to 255.
    low, high : int
        An edge has gradients above `low`, one of them above `high`.

    Returns
    -------
    bool tensor (n, h, w)
    """
    padded = pad_with_edge(pad_with_edge(images, 1, -1), 1, -2)
    across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    right = across[..., 2:] - across[..., :-2]
    along = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    down = along[:, 2:] - along[:, :-2]
    x, y = right.abs(), down.abs() << 15
    strength = right.abs() + down.abs()
    around = pad(strength, (1, 1, 1, 1))

    def neighbour(rows: int, columns: int) -> Tensor:
        height, width = strength.shape[1:]
        return around[:, 1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    horizontal = (strength > neighbour(0, -1)) & (strength >= neighbour(0, 1))
    vertical = (strength > neighbour(-1, 0)) & (strength >= neighbour(1, 0))
    falling = (strength > neighbour(-1, -1)) & (strength > neighbour(1, 1))
    rising = (strength > neighbour(-1, 1)) & (strength > neighbour(1, -1))
    diagonal = rising.where((right ^ down) < 0, falling)
    ridge = horizontal.where(y < x * TANGENT_22, vertical.where(y > x * TANGENT_67, diagonal))
    candidate = ridge & (strength > low)
    return _connected(candidate & (strength > high), candidate)


def _connected(edge: Tensor, candidate: Tensor) -> Tensor:
    """Return the candidates that hang together with an edge."""
    height, width = edge.shape[1:]
    while True:
        around = pad(edge, (1, 1, 1, 1))
        across = around[..., :width] | around[..., 1:-1] | around[..., 2:]
        grown = across[:, :height] | across[:, 1:-1] | across[:, 2:]
        grown &= candidate
        if torch.equal(grown, edge):
            return edge
        edge = grown
