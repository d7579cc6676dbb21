"""What every harmless change promises, and what single ones do, against other libraries."""

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from finetrust.core.errors import UserError
from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.colour import through_hsv, through_ycbcr
from finetrust.trust.stability.harmless.changes.crop import cropped
from finetrust.trust.stability.harmless.changes.family import Batch, Change, families
from finetrust.trust.stability.harmless.changes.flip import mirrored
from finetrust.trust.stability.harmless.changes.jpeg import compressed
from finetrust.trust.stability.harmless.changes.rotation import rotated
from finetrust.trust.stability.harmless.changes.shift import shifted, shifts
from finetrust.trust.stability.harmless.changes.vertical_flip import upside_down

from .scenes import as_pixels, scenes

PLAIN = Preprocessing(32, 36, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
ORIGINALS = [
    Image.fromarray(scenes(1, 60, i)[0][: 50 + i, : 58 - i]) for i in range(3)
]  # of several sizes
CHANGES = {
    f"{name}.{change.name}": change
    for name, family in families.items()
    for change in family.changes(PLAIN)
}


def seen(originals: list[Image.Image]) -> Batch:
    prepare = PLAIN.transform()
    pixels = torch.stack([prepare(image) for image in originals]).float() / 255
    return Batch(pixels, lambda: originals)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_yields_pixels_that_depend_on_their_own_image_alone(change: Change):
    batch = seen(ORIGINALS)
    before = batch.pixels.clone()
    found = change.apply(batch)
    assert torch.equal(batch.pixels, before)
    assert found.shape == before.shape
    assert found.dtype == torch.float32
    assert 0 <= found.min() <= found.max() <= 1
    assert not torch.equal(found, before)
    turned = change.apply(seen(ORIGINALS[::-1]))
    alone = change.apply(seen(ORIGINALS[1:2]))
    assert torch.equal(turned.flip(0), found)
    assert torch.equal(alone[0], found[1])


@pytest.mark.parametrize("name", [name for name in CHANGES if "flip" not in name])
def test_a_change_leaves_an_even_area_as_it_is(name: str):
    grey = [Image.new("RGB", (50, 60), (96, 96, 96))]
    found = CHANGES[name].apply(seen(grey))
    torch.testing.assert_close(found, torch.full_like(found, 96 / 255), rtol=0, atol=1e-6)


def test_flips_are_their_own_inverse():
    images = as_pixels(scenes(2))
    for flip, axis in ((mirrored, 3), (upside_down, 2)):
        assert torch.equal(flip(flip(images)), images)
        first = flip(images).select(axis, 0)
        assert torch.equal(first, images.select(axis, -1))


def test_only_a_vertical_flip_has_to_be_asked_for():
    assert [name for name, family in families.items() if not family.usual] == ["vertical_flip"]
    with pytest.raises(UserError, match="unknown family of harmless changes 'rotate'"):
        families.get("rotate")


@given(st.integers(-8, 8), st.integers(-8, 8))
def test_shifts_move_whole_pixels_and_mirror_the_border(right: int, down: int):
    images = as_pixels(scenes(2, 16))
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (8, 8), (8, 8)), mode="symmetric")
    expected = padded[:, :, 8 - down : 24 - down, 8 - right : 24 - right]
    np.testing.assert_array_equal(shifted(images, right, down).numpy(), expected)


@pytest.mark.parametrize(
    ("side", "longest", "number"), [(224, 8, 16), (32, 4, 12), (28, 2, 8), (6, 1, 4)]
)
def test_small_images_are_moved_less(side: int, longest: int, number: int):
    names = [change.name for change in shifts(replace(PLAIN, input_size=side))]
    assert len(names) == number
    assert max(int(name.split("-")[1]) for name in names) == longest


@pytest.mark.parametrize("degrees", [-10, -3, 2, 7.5])
def test_rotations_are_those_of_opencv(degrees: float):
    images = scenes(2, 48)
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), degrees, 1.0)
    expected = [of_opencv(image, matrix) for image in images]
    assert_like_opencv(rotated(as_pixels(images), degrees), expected)


def test_a_quarter_turn_is_exact():
    images = as_pixels(scenes(2, 20))
    found = rotated(images, 90)
    torch.testing.assert_close(found, images.rot90(1, (2, 3)), rtol=0, atol=1e-4)


@pytest.mark.parametrize("share", [0.95, 0.9, 0.85])
def test_crops_are_those_of_opencv(share: float):
    images = scenes(2, 48)
    centre = 23.5 * (1 - 1 / share)
    matrix = np.array([[1 / share, 0, centre], [0, 1 / share, centre]])
    expected = [of_opencv(image, matrix) for image in images]
    assert_like_opencv(cropped(as_pixels(images), share), expected)


def of_opencv(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        image.astype(np.float32) / 255,
        matrix,
        image.shape[:2],
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )


def assert_like_opencv(found: torch.Tensor, expected: list[np.ndarray]) -> None:
    # OpenCV rounds places to 1/32 of a pixel.
    apart = np.abs(found.permute(0, 2, 3, 1).numpy() - np.clip(expected, 0, 1))
    assert apart.mean() < 0.002
    assert apart.max() < 0.03


@pytest.mark.parametrize("quality", [95, 75, 50])
def test_jpeg_is_that_of_pillow(quality: int):
    images = scenes(3, 40)
    found = (compressed(as_pixels(images), quality) * 255).round().byte()
    for image, pixels in zip(images, found, strict=True):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        expected = np.asarray(Image.open(file)).transpose(2, 0, 1).astype(int)
        assert np.abs(pixels.numpy() - expected).max() <= 1
        assert (pixels.numpy() == expected).mean() > 0.999


def test_hsv_is_that_of_pillow():
    found, colours = by_way_of(through_hsv)
    expected = np.asarray(Image.fromarray(colours).convert("HSV").convert("RGB"))
    assert (
        np.abs(found - expected).max() <= 6
    )  # a hue cut off at a whole number: the last bit decides
    assert (found == expected).mean() > 0.998
    assert np.abs(found - colours).max() <= 8


def test_ycbcr_is_that_of_opencv():
    found, colours = by_way_of(through_ycbcr)
    stored = cv2.cvtColor(colours, cv2.COLOR_RGB2YCrCb)
    expected = cv2.cvtColor(stored, cv2.COLOR_YCrCb2RGB)
    assert np.abs(found - expected).max() <= 2  # its coefficients have three digits
    assert (found == expected).mean() > 0.75
    assert np.abs(found - colours).max() <= 2


def by_way_of(through) -> tuple[np.ndarray, np.ndarray]:
    """Return many colours, greys and pure ones among them, after and before a round trip."""
    colours = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    colours[:8] = colours[:8, :, :1]
    colours[8:12] = 255 * (colours[8:12] > 127)
    found = (through(as_pixels(colours[None])) * 255).round()[0].permute(1, 2, 0).numpy()
    return found.astype(int), colours


def test_resizes_start_from_the_original_and_keep_the_frame():
    changes = {change.name: change for change in families.get("resize").changes(PLAIN)}
    assert sorted(changes) == [
        "pil-bicubic",
        "tensor-bicubic",
        "tensor-bicubic-aliased",
        "tensor-bilinear",
        "tensor-bilinear-aliased",
    ]
    batch = seen(ORIGINALS)
    for name, change in changes.items():
        library, kind, *aliased = name.split("-")
        steps = [
            v2.Resize(36, InterpolationMode(kind), antialias=not aliased),
            v2.CenterCrop(32),
        ]
        first = [] if library == "pil" else [v2.PILToTensor()]
        last = [v2.PILToTensor()] if library == "pil" else []
        reference = v2.Compose([*first, *steps, *last])
        expected = torch.stack([reference(image) for image in ORIGINALS]).float() / 255
        torch.testing.assert_close(change.apply(batch), expected, rtol=0, atol=1e-6)


def test_without_antialias_fine_stripes_do_not_average_out():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::4] = 255
    batch = seen([Image.fromarray(stripes)])
    contrast = {
        name: float(CHANGES[f"resize.{name}"].apply(batch).std())
        for name in ("pil-bicubic", "tensor-bilinear", "tensor-bilinear-aliased")
    }
    assert contrast["tensor-bilinear-aliased"] > 3 * contrast["tensor-bilinear"]
    assert contrast["tensor-bilinear-aliased"] > 3 * contrast["pil-bicubic"]


def test_an_image_that_has_the_size_already_is_not_altered_by_any_filter():
    preprocessing = replace(PLAIN, resize=32)
    images = [Image.fromarray(image) for image in scenes(2, 32)]
    batch = Batch(as_pixels(scenes(2, 32)), lambda: images)
    for change in families.get("resize").changes(preprocessing):
        assert torch.equal(change.apply(batch), batch.pixels)
