"""Random maps depend on the item alone; edges are those of SciPy."""

import numpy as np
import torch
from scipy import ndimage

from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps, sobel_maps


def test_edges_are_the_gradient_of_the_brightness_by_sobel() -> None:
    images = torch.rand(3, 3, 11, 17)
    for image, found in zip(images.numpy(), sobel_maps(images), strict=True):
        grey = image.astype(float).mean(0)
        expected = np.hypot(*(ndimage.sobel(grey, axis, mode="nearest") for axis in (0, 1)))
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert sobel_maps(torch.full((1, 3, 8, 8), 0.5)).count_nonzero() == 0


def test_random_maps_depend_on_the_seed_of_the_item_alone() -> None:
    images, seeds = torch.rand(6, 3, 32, 32), torch.arange(6)
    for cells in (None, 7):
        maps = random_maps(images, seeds, cells)
        assert maps.shape == (6, 32, 32)
        assert maps.min() >= 0
        assert maps.max() <= 1
        assert torch.equal(random_maps(1 - images[[4, 1]], seeds[[4, 1]], cells), maps[[4, 1]])
    fine = random_maps(images, seeds)
    assert abs(fine.mean().item() - 0.5) < 0.02
    assert abs(fine.std().item() - 12**-0.5) < 0.02


def test_coarse_maps_are_smooth() -> None:
    images, seeds = torch.rand(6, 3, 32, 32), torch.arange(6)
    step = [random_maps(images, seeds, cells).diff(dim=2).abs().mean() for cells in (None, 4)]
    assert step[1] < step[0] / 5
