"""Superpixels keep to edges of colour, and tile a plain image."""

import numpy as np

from finetrust.trust.interpretability.attributions.superpixels import superpixels


def test_they_keep_to_a_sharp_edge() -> None:
    image = np.full((40, 60, 3), 0.2)
    image[7:23, 11:37] = (0.9, 0.3, 0.1)
    square = image[..., 0] > 0.5
    found = superpixels(image, 24)
    assert found.shape == (40, 60)
    assert found.dtype == np.int64
    for region in range(found.max() + 1):
        inside = square[found == region].mean()
        assert inside in (0, 1)


def test_a_plain_image_is_cut_into_a_grid() -> None:
    found = superpixels(np.full((30, 30, 3), 0.5), 9)
    sizes = np.bincount(found.ravel())
    assert len(sizes) == 9
    assert sizes.min() > 60
    assert sizes.max() < 140


def test_they_are_numbered_without_gaps_and_always_the_same() -> None:
    image = np.random.default_rng(0).random((32, 20, 3))
    found = superpixels(image, 50)
    assert set(found.ravel()) == set(range(found.max() + 1))
    assert 35 <= found.max() + 1 <= 60
    assert np.array_equal(found, superpixels(image, 50))


def test_more_than_there_are_pixels_is_one_each() -> None:
    found = superpixels(np.random.default_rng(0).random((4, 4, 3)), 100)
    assert found.max() + 1 == 16
