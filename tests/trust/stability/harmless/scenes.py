"""Small pictures with shapes, shades and colours."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def scenes(n: int, side: int = 32, seed: int = 0) -> np.ndarray:
    """Return smooth coloured images with an edge each: uint8 (n, side, side, 3)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 5, 5, generator=generator)
    images = functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=True)
    images[:, :, side // 3 : side // 2, side // 4 : side // 2] = torch.rand(
        n, 3, 1, 1, generator=generator
    )
    return (images.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def as_pixels(images: np.ndarray) -> Tensor:
    """Return uint8 images (n, h, w, 3) as the model sees them: float32 (n, 3, h, w) in [0, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().contiguous() / 255
