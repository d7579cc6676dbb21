"""AugMix: algorithm 1 of the paper, written down again with NumPy's random numbers and without rounding."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.transforms import v2

from data.pictures import picture
from finetrust.data.images.augmentations.augmix import AugMix

DRAWS = 500


def mixed(image: Image.Image, seed: int, **settings: int) -> np.ndarray:
    torch.manual_seed(seed)
    return np.asarray(AugMix(**settings).step()(image), float)


def level(rng: np.random.Generator, severity: int) -> float:
    return rng.uniform(0.1, severity) / 10


def operation(image: Image.Image, rng: np.random.Generator, severity: int) -> Image.Image:
    """One of the nine, as the paper's appendix and the authors' code have them."""
    width, height = image.size
    choice = rng.integers(9)
    strength, sign = level(rng, severity), rng.choice([-1, 1])
    shear = sign * 0.3 * strength
    affine = {
        5: (1, shear, 0, 0, 1, 0),
        6: (1, 0, 0, shear, 1, 0),
        7: (1, 0, sign * int(strength * width / 3), 0, 1, 0),
        8: (1, 0, 0, 0, 1, sign * int(strength * height / 3)),
    }
    if choice in affine:
        return image.transform(
            image.size, Image.Transform.AFFINE, affine[choice], Image.Resampling.BILINEAR
        )
    if choice == 4:
        return image.rotate(sign * int(30 * strength), Image.Resampling.BILINEAR)
    if choice == 3:
        return ImageOps.solarize(image, 256 - int(256 * strength))
    if choice == 2:
        return ImageOps.posterize(image, 4 - int(4 * strength))
    return (ImageOps.equalize if choice else ImageOps.autocontrast)(image)


def reference(
    image: Image.Image, rng: np.random.Generator, severity: int, width: int
) -> np.ndarray:
    weights, m = rng.dirichlet(np.ones(width)), rng.beta(1, 1)
    mix = np.zeros((image.height, image.width, 3))
    for weight in weights:
        chain = image
        for _ in range(rng.integers(1, 4)):
            chain = operation(chain, rng, severity)
        mix += weight * np.asarray(chain, float)
    return (1 - m) * np.asarray(image, float) + m * mix


@pytest.mark.parametrize(("severity", "width"), [(3, 3), (10, 1)])
def test_mean_and_spread_of_every_pixel_are_those_of_the_algorithm(
    severity: int, width: int
) -> None:
    image, rng = picture(5, (12, 10)), np.random.default_rng(0)
    ours = np.stack([mixed(image, seed, severity=severity, width=width) for seed in range(DRAWS)])
    theirs = np.stack([reference(image, rng, severity, width) for _ in range(DRAWS)])
    error = np.sqrt((ours.var(0) + theirs.var(0) + 0.2) / DRAWS)
    z = (ours.mean(0) - theirs.mean(0)) / error
    assert np.abs(z).max() < 5
    assert abs(z.mean()) < 1
    spread = ours.std(0).mean() / theirs.std(0).mean()
    assert spread == pytest.approx(1, abs=0.1)


def test_it_is_like_torchvisions_without_the_operations_of_the_tests() -> None:
    """torchvision draws strengths from a coarse scale that starts at 0: its images are a little milder."""
    image, theirs = picture(5, (12, 10)), v2.AugMix(all_ops=False)
    clean = np.asarray(image, float)

    def change(found: list[np.ndarray]) -> float:
        return float(np.mean([np.abs(one - clean).mean() for one in found]))

    ours = change([mixed(image, seed) for seed in range(150)])
    library = change([np.asarray(theirs(image), float) for _ in range(150)])
    assert 0.9 < ours / library < 1.5


def test_pixels_stay_within_what_the_chains_and_the_image_have() -> None:
    """A mixture is convex: what all chains leave alone is left alone, to the last bit."""
    plain = Image.new("RGB", (9, 9), (64, 32, 96))
    for seed in range(50):
        torch.manual_seed(seed)
        found = np.asarray(AugMix().step(still=True)(plain))
        assert np.array_equal(found, np.asarray(plain))


def test_severity_and_width_act() -> None:
    image = picture(2, (16, 16))
    clean = np.asarray(image, float)

    def changes(**settings: int) -> np.ndarray:
        found = [mixed(image, seed, **settings) for seed in range(150)]
        return np.array([np.abs(one - clean).mean() for one in found])

    mild, severe = changes(severity=1), changes(severity=10)
    assert mild.mean() < 0.7 * severe.mean()
    assert changes(width=8).std() < changes(width=1).std()
