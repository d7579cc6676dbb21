"""Images made from familiar ones, by which a score is chosen before it meets anything unfamiliar.

Hendrycks, Mazeika & Dietterich, "Deep Anomaly Detection with Outlier Exposure", ICLR 2019: their synthetic
anomalies for validation, where no others are known.
"""

import numpy as np
from PIL import Image

from finetrust.data.dataset import Inputs
from finetrust.trust.stability.ood.made import MadeSet, made_sets
from finetrust.trust.stability.ood.sets.pixels import as_image, as_values

_TILES = 4


def jigsaw(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return the image cut into 16 tiles, which lie anew in random order."""
    values = as_values(familiar[index])
    rows, columns = (np.array_split(np.arange(size), _TILES) for size in values.shape[:2])
    tiles = [values[np.ix_(row, column)] for row in rows for column in columns]
    found = np.empty_like(values)
    for place, drawn in enumerate(rng.permutation(len(tiles))):
        row, column = rows[place // _TILES], columns[place % _TILES]
        tile = tiles[drawn]
        # Tiles differ by a pixel where the size is no multiple of their number.
        at_row, at_column = (
            np.minimum(np.arange(len(wanted)), size - 1)
            for wanted, size in zip((row, column), tile.shape[:2], strict=True)
        )
        if tile.size:
            found[np.ix_(row, column)] = tile[np.ix_(at_row, at_column)]
    return as_image(found)


def blend(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return the mean of the image and another one."""
    image = familiar[index].convert("RGB")
    other = familiar[(index + int(rng.integers(1, max(2, len(familiar))))) % len(familiar)]
    return Image.blend(image, other.convert("RGB").resize(image.size), 0.5)


def speckle(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return the image with noise that is as strong as the light."""
    values = as_values(familiar[index])
    return as_image(values * (1 + rng.normal(size=values.shape)))


made_sets.add("jigsaw", MadeSet("image", "choice", jigsaw))
made_sets.add("blend", MadeSet("image", "choice", blend))
made_sets.add("speckle", MadeSet("image", "choice", speckle))
