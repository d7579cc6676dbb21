"""What holds for each augmentation there is, and each that will be."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.pictures import picture
from finetrust.data.images.augmentations.augmentation import augmentations

NAMES = augmentations.names()


def changed(name: str, image: Image.Image, seed: int, still: bool = False) -> Image.Image:
    torch.manual_seed(seed)
    return augmentations.get(name)().step(still)(image)


def same(one: Image.Image, other: Image.Image) -> bool:
    return np.array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("name", NAMES)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    seed=st.integers(0, 1000),
    still=st.booleans(),
)
@settings(max_examples=25)
def test_any_image_stays_an_rgb_image_of_its_size_and_depends_on_the_seed_alone(
    name: str, width: int, height: int, seed: int, still: bool
) -> None:
    image = picture(seed, (width, height))
    before = image.copy()
    found = changed(name, image, seed, still)
    assert (found.mode, found.size) == ("RGB", (width, height))
    assert same(image, before)
    np.random.seed(seed)
    random.seed(seed)
    torch.rand(7)
    assert same(found, changed(name, image, seed, still))


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_it_changes_most_images_and_never_twice_alike(name: str, still: bool) -> None:
    image = picture(1, (24, 20))
    found = [np.asarray(changed(name, image, seed, still)) for seed in range(40)]
    assert sum(not np.array_equal(one, np.asarray(image)) for one in found) >= 15
    assert len({one.tobytes() for one in found}) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_a_mask_takes_the_very_draws_of_its_image(name: str) -> None:
    augmentation = augmentations.get(name)()
    of_mask = augmentation.of_mask()
    if of_mask is None:
        return
    for seed in range(30):
        image = picture(seed, (16, 16))
        changed(name, image, seed)
        state = torch.get_rng_state()
        torch.manual_seed(seed)
        of_mask(image)
        assert torch.equal(torch.get_rng_state(), state)


def reach(name: str, still: bool) -> int:
    """Return for how many of 40 seeds the middle depends on where the pixels around it are.

    Two images have the same middle, and around it the same pixels in another order: they differ in
    nothing that a change of colours could know of them all.
    """
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    around = np.ones((32, 32), bool)
    around[12:20, 12:20] = False
    other = one.copy()
    other[around] = rng.permutation(one[around])
    images = [Image.fromarray(pixels) for pixels in (one, other)]
    # A pixel at the edge of the middle has neighbours around it, which sharpening reads.
    seen = [
        [np.asarray(changed(name, image, seed, still))[13:19, 13:19] for image in images]
        for seed in range(40)
    ]
    return sum(not np.array_equal(*pair) for pair in seen)


@pytest.mark.parametrize("name", NAMES)
def test_still_augmentations_leave_every_place_where_it_is(name: str) -> None:
    assert reach(name, still=True) == 0


@pytest.mark.parametrize("name", ["augmix", "pixmix", "trivialaugment"])
def test_others_move_what_they_show(name: str) -> None:
    assert reach(name, still=False) >= 5
