"""The operations of AugMix: those of the paper, none of those that the tests corrupt with."""

from collections.abc import Callable
from math import atan, degrees

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from data.pictures import picture
from finetrust.data.images.augmentations.operations import OPERATIONS, STILL, drawn_operation
from finetrust.trust.stability.corruptions.catalogue import corruptions

Of = Callable[[Image.Image, float, bool], Image.Image]


def applied(name: str, image: Image.Image, severity: int, seed: int) -> np.ndarray:
    torch.manual_seed(seed)
    return np.asarray(OPERATIONS[name](image, severity))


def drawn(severity: int, seed: int) -> tuple[float, bool]:
    """Return the strength as a share of the greatest, and whether it is negative."""
    torch.manual_seed(seed)
    level = 0.1 + (severity - 0.1) * float(torch.rand(()))
    return level / 10, int(torch.randint(2, ())) == 1


def affine(image: Image.Image, shear: tuple[float, float], shift: tuple[int, int]) -> Image.Image:
    return functional.affine(
        image,
        angle=0.0,
        translate=list(shift),
        scale=1.0,
        shear=list(shear),
        interpolation=InterpolationMode.BILINEAR,
        center=[0, 0],
    )


def signed(value: float, negative: bool) -> float:
    return -value if negative else value


REFERENCE: dict[str, Of] = {
    "autocontrast": lambda image, level, negative: functional.autocontrast(image),
    "equalize": lambda image, level, negative: functional.equalize(image),
    "posterize": lambda image, level, negative: functional.posterize(image, 4 - int(4 * level)),
    "solarize": lambda image, level, negative: functional.solarize(image, 256 - int(256 * level)),
    "rotate": lambda image, level, negative: functional.rotate(
        image, signed(int(30 * level), negative), InterpolationMode.BILINEAR
    ),
    "shear_x": lambda image, level, negative: affine(
        image, (degrees(atan(signed(0.3 * level, negative))), 0), (0, 0)
    ),
    "shear_y": lambda image, level, negative: affine(
        image, (0, degrees(atan(signed(0.3 * level, negative)))), (0, 0)
    ),
    "translate_x": lambda image, level, negative: affine(
        image, (0, 0), (-int(signed(int(level * image.width / 3), negative)), 0)
    ),
    "translate_y": lambda image, level, negative: affine(
        image, (0, 0), (0, -int(signed(int(level * image.height / 3), negative)))
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_is_torchvisions_at_the_strength_of_the_authors_code(name: str) -> None:
    for seed in range(40):
        severity = 1 + seed % 10
        image = picture(seed, (36, 28))
        expected = np.asarray(REFERENCE[name](image, *drawn(severity, seed)), float)
        difference = np.abs(applied(name, image, severity, seed) - expected)
        # torchvision rounds the matrix of a shear a little differently.
        assert np.mean(difference > 2) < 0.01


def test_they_are_those_of_the_paper_and_no_corruption_of_the_tests() -> None:
    assert set(OPERATIONS) == {
        "autocontrast",
        "equalize",
        "posterize",
        "rotate",
        "solarize",
        "shear_x",
        "shear_y",
        "translate_x",
        "translate_y",
    }
    excluded = {"contrast", "color", "colour", "brightness", "sharpness", "saturate", "cutout"}
    assert not set(OPERATIONS) & (excluded | set(corruptions.names()))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturate"])
def test_none_does_what_a_corruption_of_colours_does(name: str) -> None:
    """The corrupted image is nearer to the clean one than to anything that an operation makes of it."""
    image = picture(3, (32, 32))
    clean = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    corrupted = corruptions.get(name)(clean, 1, torch.tensor([0]))[0].permute(1, 2, 0).numpy() * 255

    def distance(pixels: np.ndarray) -> float:
        return float(np.abs(pixels.astype(float) - corrupted).mean())

    nearest = min(
        distance(applied(operation, image, 10, seed))
        for operation in OPERATIONS
        for seed in range(25)
    )
    assert nearest > 0.6 * distance(np.asarray(image))


def test_all_of_them_are_drawn_alike() -> None:
    image = picture(0, (16, 16))
    for still, among in ((False, OPERATIONS), (True, STILL)):
        counts = dict.fromkeys(among, 0)
        for seed in range(270):
            torch.manual_seed(seed)
            found = np.asarray(drawn_operation(image, 5, still))
            torch.manual_seed(seed)
            number = int(torch.randint(len(among), ()))
            name = list(among)[number]
            assert np.array_equal(found, np.asarray(among[name](image, 5)))
            counts[name] += 1
        assert min(counts.values()) > 0.5 * 270 / len(among)
