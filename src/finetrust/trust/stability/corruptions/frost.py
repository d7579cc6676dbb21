"""Frost (Hendrycks & Dietterich 2019, section 3), with textures in place of photographs."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import FIRST_LARGE_SIZE, corruption
from finetrust.trust.stability.corruptions.frost_textures import frost_textures
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.stability.corruptions.windows import windows
from finetrust.trust.trials.draws import uniform

# The published frost for small images shrinks the photographs to a fifth.
SHRINK = 5


@corruption(
    "frost",
    family="weather",
    small=((1.0, 0.2), (1.0, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
    large=((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
)
@in_parts
def frost(images: Tensor, parameter: tuple[float, float], seeds: Tensor) -> Tensor:
    """Add a random piece of a texture of frost to the darkened image, with published weights.

    The published frost cuts its pieces out of five photographs; here they come from five
    computed textures (``frost_textures.py``), because the photographs may not be passed on. The
    results are therefore not those on the published images of frost, if near in kind.
    """
    kept, added = parameter
    n, channels, height, width = images.shape
    textures = _textures((height, width), images.device)
    count, size = len(textures), textures.shape[-1]
    draws = uniform(images.new_empty(n, 3), seeds).double()
    span = draws.new_tensor([count, size - height, size - width])
    which, top, left = (draws * span).long().T[..., None, None]
    planes = which * channels + torch.arange(channels, device=images.device)[:, None]
    rows = top + torch.arange(height, device=images.device)
    starts = (planes * size + rows) * size + left
    pieces = windows(textures, width).index_select(0, starts.flatten())
    return pieces.view(images.shape).mul_(added).add_(images, alpha=kept)


@lru_cache(maxsize=4)
def _textures(size: tuple[int, int], device: torch.device) -> Tensor:
    """Return the textures out of which pieces of `size` are cut: (5, 3, s, s), s above `size`."""
    textures = frost_textures()
    if min(size) < FIRST_LARGE_SIZE:
        # Every fifth pixel, from the middle of the first five: what cv2.resize takes.
        textures = textures[..., SHRINK // 2 :: SHRINK, SHRINK // 2 :: SHRINK]
    times = max(size) // textures.shape[-1] + 1
    return torch.from_numpy(np.tile(textures, (1, 1, times, times))).to(device)
