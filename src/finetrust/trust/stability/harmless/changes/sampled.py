"""Images sampled at other places: what rotations and crops have in common."""

import torch
from torch import Tensor
from torch.nn import functional


def sampled(images: Tensor, matrix: Tensor) -> Tensor:
    """Return images sampled bicubically where a linear map about their centre sends each pixel.

    Bilinear sampling would blur small images more than the change moves them. What lies outside is
    the reflection of the image at its border.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
        In [0, 1].
    matrix : float64 tensor (2, 2)
        From the offset (x, y) of a pixel from the centre, in pixels, to that of the place it is
        taken from.
    """
    n, _, height, width = images.shape
    half = torch.tensor([width / 2, height / 2], dtype=torch.float64)
    # Offsets in pixels to grid_sample's, in which the borders of the image are at -1 and 1.
    relative = (matrix * half[None, :] / half[:, None]).float()
    theta = torch.cat([relative, torch.zeros(2, 1)], dim=1).to(images.device)
    grid = functional.affine_grid(theta.expand(n, 2, 3), list(images.shape), align_corners=False)
    found = functional.grid_sample(
        images, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    return found.clamp(0, 1)
