"""Images of independent pixels: uniform, and Gaussian (Hendrycks & Gimpel 2017, section 3.2)."""

import numpy as np
from PIL import Image

from finetrust.data.dataset import Inputs
from finetrust.trust.stability.ood.made import MadeSet, made_sets
from finetrust.trust.stability.ood.sets.pixels import as_image

_DEVIATION = 0.25


def uniform(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return an image of the familiar one's size with every value alike probable."""
    width, height = familiar[index].size
    return as_image(rng.random((height, width, 3)))


def gaussian(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return an image of the familiar one's size, grey on average, of normal values."""
    width, height = familiar[index].size
    return as_image(0.5 + _DEVIATION * rng.normal(size=(height, width, 3)))


made_sets.add("uniform_noise", MadeSet("image", "far", uniform))
made_sets.add("gaussian_noise", MadeSet("image", "far", gaussian))
