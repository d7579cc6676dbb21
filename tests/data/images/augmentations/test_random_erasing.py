"""Random erasing: how often, how much, with what, and that the rest stays as it is."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import binomtest, chisquare, kstest

from finetrust.data.images.augmentations.random_erasing import RandomErasing

SIZE = (50, 40)
PLAIN = Image.new("RGB", SIZE, (7, 7, 7))


def erased(seed: int, **settings: float) -> np.ndarray:
    torch.manual_seed(seed)
    return np.asarray(RandomErasing(**settings).step()(PLAIN))


def rectangle(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of what is no longer plain."""
    rows, columns = np.nonzero((pixels != 7).any(2))
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


@pytest.mark.parametrize("probability", [0.0, 0.25, 1.0])
def test_it_happens_as_often_as_it_should(probability: float) -> None:
    happened = sum((erased(seed, probability=probability) != 7).any() for seed in range(300))
    if probability in (0.0, 1.0):
        assert happened == 300 * probability
    else:
        assert binomtest(int(happened), 300, probability).pvalue > 1e-3
    assert RandomErasing().probability == 0.5


def test_rectangles_have_the_areas_and_proportions_of_the_paper() -> None:
    found = [rectangle(erased(seed, probability=1.0)) for seed in range(400)]
    heights = np.array([bottom - top for top, bottom, _, _ in found])
    widths = np.array([right - left for _, _, left, right in found])
    shares = heights * widths / (SIZE[0] * SIZE[1])
    assert 0.015 < shares.min() < 0.05
    assert 0.37 < shares.max() < 0.42
    # Those that are too long for the image are drawn again, so that the largest are a little rarer.
    assert kstest(shares, "uniform", args=(0.02, 0.38)).statistic < 0.12
    proportions = heights / widths
    assert 0.25 < proportions.min() < 0.5
    assert 2 < proportions.max() < 3.7
    assert {top for top, *_ in found} >= set(range(12)), "places are spread"


def test_inside_every_value_is_alike_and_outside_all_is_as_it_was() -> None:
    values = []
    for seed in range(30):
        pixels = erased(seed, probability=1.0)
        top, bottom, left, right = rectangle(pixels)
        inside = pixels[top:bottom, left:right]
        values.append(inside.ravel())
        assert (pixels != 7).any(2).sum() >= 0.95 * inside[..., 0].size, "the whole of it"
    counts = np.bincount(np.concatenate(values), minlength=256)
    assert chisquare(counts).pvalue > 1e-3
