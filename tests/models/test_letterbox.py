"""The letterbox keeps the whole image and its proportions, and maps boxes there and back."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from finetrust.models.letterbox import Letterbox
from finetrust.models.preprocessing import Preprocessing

COLOURS = Preprocessing(224, 256, "bicubic", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
LETTERBOX = Letterbox(96, 128, "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def test_a_wide_image_fills_the_width_and_the_rest_is_the_mean_colour() -> None:
    image = Image.new("RGB", (400, 100), (7, 8, 9))
    found = LETTERBOX.transform()(image)
    assert found.shape == (3, 96, 128)
    assert found.dtype == torch.uint8
    assert found[:, :32].flatten(1).unique(dim=1).T.tolist() == [[7, 8, 9]]
    assert found[:, 32:].flatten(1).unique(dim=1).T.tolist() == [[128, 102, 76]]


def test_a_tall_image_fills_the_height() -> None:
    found = LETTERBOX.transform()(Image.new("RGB", (10, 40), (7, 8, 9)))
    assert (found[0] == 7).sum() == 24 * 96


def test_an_image_of_the_size_of_the_canvas_stays_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(256, size=(96, 128, 3), dtype=np.uint8)
    assert np.array_equal(
        LETTERBOX.transform()(Image.fromarray(pixels)).permute(1, 2, 0).numpy(), pixels
    )


@pytest.mark.parametrize(
    ("sizes", "longer", "canvas"),
    [
        ([(640, 480)] * 3 + [(480, 640)], 320, (256, 320)),
        ([(480, 640)], 320, (320, 256)),
        ([(500, 500)], 300, (320, 320)),
        ([(1920, 1080)], 640, (384, 640)),
        ([(4000, 10)], 320, (32, 320)),
        ([], 320, (320, 320)),
    ],
)
def test_the_canvas_has_the_proportions_of_most_images(
    sizes: list[tuple[int, int]], longer: int, canvas: tuple[int, int]
) -> None:
    letterbox = Letterbox.fitting(sizes, longer, COLOURS)
    assert letterbox.canvas == canvas
    assert letterbox.mean == COLOURS.mean
    assert letterbox.interpolation == "bicubic"


@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_boxes_go_to_the_canvas_and_back(size: tuple[int, int], shares: list[float]) -> None:
    x, y = sorted(shares[:2]), sorted(shares[2:])
    box = np.array([[x[0] * size[0], y[0] * size[1], x[1] * size[0], y[1] * size[1]]])
    there = LETTERBOX.to_canvas(box, size)
    assert (there >= 0).all()
    assert (there <= np.array([128, 96, 128, 96]) + 1e-6).all()
    assert np.allclose(LETTERBOX.to_image(there, size), box, atol=1e-6)


def test_boxes_beyond_the_image_are_cut_at_its_border() -> None:
    assert LETTERBOX.to_image([[0, 0, 128, 96]], (400, 100)).tolist() == [[0, 0, 400, 100]]


def test_no_boxes_stay_no_boxes() -> None:
    assert LETTERBOX.to_canvas(np.zeros((0, 4)), (10, 10)).shape == (0, 4)
    assert LETTERBOX.to_image(np.zeros((0, 4)), (10, 10)).shape == (0, 4)


def test_it_is_restored_from_json(tmp_path: Path) -> None:
    assert Letterbox.from_dict(json.loads(json.dumps(LETTERBOX.save(tmp_path)))) == LETTERBOX


def test_the_rest_of_a_preprocessor() -> None:
    assert LETTERBOX.example(2).shape == (2, 3, 96, 128)
    assert torch.equal(LETTERBOX.example(2), LETTERBOX.example(2))
    assert LETTERBOX.collate([LETTERBOX.transform()(Image.new("RGB", (5, 5)))] * 2).shape[0] == 2
    assert 1 <= LETTERBOX.items_at_once(True) <= 64
    assert Letterbox(2000, 3000, "bilinear", (0, 0, 0), (1, 1, 1)).items_at_once(True) == 1
    assert LETTERBOX.lengths([1, 2]) is None
    assert LETTERBOX.input_size == 128
    white = LETTERBOX.normaliser()(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8))
    assert torch.allclose(white[0, :, 0, 0], torch.tensor([2.5, 2.0, 1.75]))
