"""PixMix: what is mixed in, how much of it, and that nothing is lost where nothing is mixed."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import beta, kstest

from data.pictures import picture
from finetrust.data.images.augmentations.pixmix import PixMix, added, multiplied, weights


def mixed(image: Image.Image, seed: int, **settings: float) -> np.ndarray:
    torch.manual_seed(seed)
    return np.asarray(PixMix(**settings).step()(image), float)


@pytest.mark.parametrize("strength", [1.0, 3.0])
def test_weights_have_the_distributions_of_the_authors_code(strength: float) -> None:
    found = np.array([weights(strength) for _ in range(1500)])
    of_both = found[found[:, 1] >= 0]
    taken_away = found[found[:, 1] < 0]
    assert 0.45 < len(of_both) / len(found) < 0.55
    few, most = beta(1, strength).cdf, beta(strength, 1).cdf
    assert kstest(of_both[:, 0], most).pvalue > 1e-3
    assert kstest(of_both[:, 1], few).pvalue > 1e-3
    assert kstest(taken_away[:, 0] - 1, few).pvalue > 1e-3
    assert kstest(-taken_away[:, 1], few).pvalue > 1e-3


@pytest.mark.parametrize("mix", [added, multiplied])
def test_grey_changes_nothing_and_a_weight_of_one_leaves_the_image(mix) -> None:
    rng = np.random.default_rng(0)
    image, other = rng.random((2, 5, 4, 3)).astype(np.float32)
    grey = np.full_like(image, 0.5)
    np.testing.assert_allclose(mix(image, other, 1.0, 0.0), image, atol=1e-6)
    np.testing.assert_allclose(mix(image, grey, 1.0, -0.7), image, atol=1e-6)
    swapped = mix(other, image, 0.0, 1.0)
    np.testing.assert_allclose(swapped, image, atol=1e-6)


def test_mixings_are_those_of_the_paper_at_known_values() -> None:
    one, other = np.float32([[0.25]]), np.float32([[1.0]])
    assert added(one, other, 1.2, -0.2)[0, 0] == pytest.approx(0.1)
    assert multiplied(one, other, 1.0, 0.5)[0, 0] == pytest.approx(0.25 * 2**0.5)
    assert multiplied(one, 0 * other, 1.0, -0.5)[0, 0] > 1e10


def test_stronger_settings_leave_less_of_the_image() -> None:
    image = picture(0, (24, 24))
    clean = np.asarray(image, float)

    def change(**settings: float) -> float:
        return float(
            np.mean([np.abs(mixed(image, seed, **settings) - clean).mean() for seed in range(60)])
        )

    assert (
        change(rounds=1, strength=30) < change(rounds=4, strength=30) < change(rounds=4, strength=1)
    )


def test_fractals_get_in() -> None:
    """A grey image stays grey under every operation and mixing with itself; only pictures colour it."""
    grey = Image.new("RGB", (20, 20), (64, 64, 64))
    coloured = [np.ptp(mixed(grey, seed), axis=2).max() > 8 for seed in range(60)]
    # Of 0 to 4 rounds, each with a picture half of the time: 1 - mean(2**-n) = 0.61.
    assert 0.4 < np.mean(coloured) < 0.8
