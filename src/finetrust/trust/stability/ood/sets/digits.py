"""The handwritten digits that scikit-learn ships, for models that are not about digits."""

from functools import lru_cache

import numpy as np
from PIL import Image

from finetrust.data.dataset import Dataset, Inputs
from finetrust.trust.stability.ood.made import MadeSet, made_sets

_MOST_SHARED = 2


def digit(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return a random digit, in the size of the familiar image."""
    images = _digits()
    drawn = Image.fromarray(images[rng.integers(len(images))]).convert("RGB")
    return drawn.resize(familiar[index].size, Image.Resampling.BILINEAR)


def about_digits(familiar: Dataset) -> str:
    """Return why digits are not unfamiliar to a model with these classes; empty if they are."""
    shared = {str(number) for number in range(10)} & set(familiar.classes)
    return "the model is about digits itself" if len(shared) > _MOST_SHARED else ""


@lru_cache(maxsize=1)
def _digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return np.round(load_digits().images * (255 / 16)).astype(np.uint8)


made_sets.add("digits", MadeSet("image", "far", digit, about_digits))
