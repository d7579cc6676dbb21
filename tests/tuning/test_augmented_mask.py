"""A mask is moved as its image is: an image that is its own mask stays one through every augmentation."""

import numpy as np
import pytest
import torch
from PIL import Image

from finetrust.models.preprocessing import Preprocessing
from finetrust.models.seen_mask import seen_mask
from finetrust.tuning.augmented_mask import augmented_mask

OBJECT, GROUND, BESIDE = 200, 60, 0
AUGMENTS = ["none", "flip", "crop", "crop-flip", "trivialaugment"]
PREPROCESSINGS = {
    "as large": Preprocessing(32, 32, "nearest", (0.5,) * 3, (0.5,) * 3),
    "cropped": Preprocessing(24, 40, "nearest", (0.5,) * 3, (0.5,) * 3),
    "padded": Preprocessing(40, 24, "nearest", (0.5,) * 3, (0.5,) * 3),
    "squashed": Preprocessing(20, 20, "nearest", (0.5,) * 3, (0.5,) * 3, squash=True),
}


def blob(seed: int, height: int = 48, width: int = 36) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), bool)
    for _ in range(3):
        y, x = rng.integers(0, height - 8), rng.integers(0, width - 8)
        mask[y : y + rng.integers(4, 20), x : x + rng.integers(4, 16)] = True
    return mask


@pytest.mark.parametrize("augment", AUGMENTS)
@pytest.mark.parametrize("kind", PREPROCESSINGS)
def test_a_mask_goes_with_its_image(kind: str, augment: str) -> None:
    preprocessing = PREPROCESSINGS[kind]
    moves = preprocessing.augmented(augment)
    mask_moves = augmented_mask(preprocessing, augment)
    checked = 0
    for seed in range(80):
        mask = blob(seed)
        pixels = np.where(mask, OBJECT, GROUND).astype(np.uint8)
        image = Image.fromarray(np.repeat(pixels[..., None], 3, axis=2))
        torch.manual_seed(seed)
        seen = moves(image)[0]
        torch.manual_seed(seed)
        found = mask_moves(mask)
        assert found.dtype == torch.bool
        assert found.shape == (preprocessing.input_size,) * 2
        if len(seen.unique()) > 3:
            continue  # sharpened: colours no longer tell the object from the ground
        checked += 1
        inside, outside = set(seen[found].tolist()), set(seen[~found].tolist())
        assert len(inside) <= 1
        assert len(outside - {BESIDE}) <= 1
    assert checked > 50


@pytest.mark.parametrize("kind", PREPROCESSINGS)
def test_without_augmentation_it_is_what_an_evaluation_sees(kind: str) -> None:
    preprocessing = PREPROCESSINGS[kind]
    for seed in range(5):
        mask = blob(seed)
        expected = seen_mask(mask, preprocessing)
        assert torch.equal(augmented_mask(preprocessing, "none")(mask), expected)


@pytest.mark.parametrize("augment", AUGMENTS[1:])
def test_two_draws_differ(augment: str) -> None:
    moves = augmented_mask(PREPROCESSINGS["as large"], augment)
    torch.manual_seed(0)
    assert not torch.equal(moves(blob(0)), moves(blob(0)))


def test_a_filter_that_blurs_does_not_enlarge_the_object() -> None:
    preprocessing = Preprocessing(8, 8, "bicubic", (0.5,) * 3, (0.5,) * 3)
    mask = np.zeros((32, 32), bool)
    mask[:16] = True
    for augment in AUGMENTS:
        torch.manual_seed(0)
        assert augmented_mask(preprocessing, augment)(mask).dtype == torch.bool
    assert augmented_mask(preprocessing, "none")(mask).sum() == 32
