"""Distance to the nearest marked pixel (Borgefors, "Distance transformations in digital images",
Computer Vision, Graphics, and Image Processing 1986)."""

import torch
from torch import Tensor
from torch.nn.functional import pad

# Steps in a straight line, diagonally and as a knight moves, in units of 2**-16 pixels.
UNIT_BITS = 16
UNIT = 1 << UNIT_BITS
STRAIGHT, DIAGONAL, KNIGHT = UNIT, round(1.4 * UNIT), round(2.1969 * UNIT)


def chamfer_distance(marked: Tensor, farthest: int) -> Tensor:
    """Return the distance to the nearest marked pixel, as ``cv2.distanceTransform`` with mask 5.

    The shortest way of (p, q), p >= q, goes in knight's moves and either straight or diagonal
    steps: it is the longer of two linear forms. Of the marked pixels in one row only the nearest
    counts, so that it is enough to go through the rows around.

    Parameters
    ----------
    marked : bool tensor (n, h, w)
    farthest : int
        Larger distances become this one; at most 31.

    Returns
    -------
    int32 tensor (n, h, w)
        In units of 2**-16 pixels.
    """
    beside = _distance_in_row(marked, farthest).int()
    height = marked.shape[1]
    nearest = torch.full_like(beside, farthest * UNIT)
    for rows in range(min(farthest, height)):
        longer, shorter = beside.clamp(min=rows), beside.clamp(max=rows)
        flat = longer * STRAIGHT + shorter * (KNIGHT - 2 * STRAIGHT)
        steep = longer * (KNIGHT - DIAGONAL) + shorter * (2 * DIAGONAL - KNIGHT)
        distance = torch.maximum(flat, steep)
        for target, source in (
            (nearest[:, rows:], distance[:, : height - rows]),
            (nearest[:, : height - rows], distance[:, rows:]),
        ):
            torch.minimum(target, source, out=target)
    return nearest


def _distance_in_row(marked: Tensor, farthest: int) -> Tensor:
    """Return how far the nearest marked pixel of the row is, at most `farthest`: uint8 tensor."""
    width = marked.shape[-1]
    distance = marked.logical_not().to(torch.uint8) * farthest
    for reach in (1, 2, 4, 8, 16):
        padded = pad(distance, (reach, reach), value=farthest) + reach
        distance = torch.minimum(distance, padded[..., :width])
        distance = torch.minimum(distance, padded[..., 2 * reach :])
    return distance
