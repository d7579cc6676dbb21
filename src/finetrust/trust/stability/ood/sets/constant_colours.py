"""Images of one colour."""

import numpy as np
from PIL import Image

from finetrust.data.dataset import Inputs
from finetrust.trust.stability.ood.made import MadeSet, made_sets


def constant(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return an image of the familiar one's size in a random colour."""
    red, green, blue = rng.integers(0, 256, size=3).tolist()
    return Image.new("RGB", familiar[index].size, (red, green, blue))


made_sets.add("constant_colours", MadeSet("image", "far", constant))
