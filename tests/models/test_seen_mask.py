"""A mask moves as its image does."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from finetrust.models.letterbox import Letterbox
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.seen_mask import seen_mask
from finetrust.models.segmentation_preprocessing import Windows

GREY, ONES = (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)


def blocks(height: int, width: int, seed: int) -> np.ndarray:
    """Return a mask of a few rectangles: bool (height, width)."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), bool)
    for _ in range(3):
        (top, bottom), (left, right) = (np.sort(rng.integers(0, s + 1, 2)) for s in mask.shape)
        mask[top:bottom, left:right] = True
    return mask


@given(
    st.integers(8, 90), st.integers(8, 90), st.integers(16, 48), st.integers(16, 48), st.integers(0, 99)
)  # fmt: skip
def test_it_is_resized_and_cropped_as_torchvision_does(
    height: int, width: int, resize: int, size: int, seed: int
) -> None:
    mask = blocks(height, width, seed)
    reference = v2.Compose(
        [v2.Resize(resize, InterpolationMode.NEAREST), v2.CenterCrop(size), v2.PILToTensor()]
    )
    expected = reference(Image.fromarray(mask.astype(np.uint8)))[0] > 0
    found = seen_mask(mask, Preprocessing(size, resize, "bicubic", GREY, ONES))
    assert torch.equal(found, expected)


PREPROCESSINGS = [
    Preprocessing(32, 40, "bilinear", GREY, ONES),
    Preprocessing(48, 32, "bicubic", GREY, ONES),
    Preprocessing(32, 32, "lanczos", GREY, ONES, squash=True),
    Letterbox(64, 96, "bilinear", GREY, ONES),
    Letterbox(96, 64, "bicubic", GREY, ONES),
    Windows(64, 64, "bilinear", GREY, ONES),
]


@pytest.mark.parametrize("preprocessing", PREPROCESSINGS, ids=repr)
@pytest.mark.parametrize("size", [(50, 70), (70, 50), (64, 64), (150, 40)])
def test_it_lies_where_the_image_shows_the_object(
    preprocessing: Preprocessing | Letterbox, size: tuple[int, int]
) -> None:
    mask = np.zeros(size, bool)
    mask[size[0] // 4 : size[0] // 2, size[1] // 3 : size[1] // 2] = True
    image = np.stack([255 * mask, 0 * mask, 0 * mask], axis=2).astype(np.uint8)
    prepared = preprocessing.transform()(Image.fromarray(image))
    found = seen_mask(mask, preprocessing)
    assert found.shape == prepared.shape[1:]
    assert found.any()
    shown = (prepared[0] > 127) & (prepared[1] < 64)  # what is filled up is grey
    # The filter of an image smears a border over the pixels beside it, and over no others.
    beside = torch.nn.functional.max_pool2d(shown.float()[None], 3, 1, 1)[0] > 0
    within = -torch.nn.functional.max_pool2d(-shown.float()[None], 3, 1, 1)[0] > 0
    assert not (found & ~beside).any()
    assert not (within & ~found).any()
