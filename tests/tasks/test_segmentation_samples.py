import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from finetrust.data.masks.masks import IGNORE, MaskArray
from finetrust.models.letterbox import Letterbox
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.tasks.segmentation_samples import SegmentationSamples

AUGMENTS = ("crop", "crop-flip", "trivialaugment")
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
BOX = Letterbox(64, 96, "bilinear", MEAN, STD)
COLOURS = np.array([[10, 10, 10], [120, 240, 10], [240, 20, 120]], np.uint8)


def scene(width: int, height: int, seed: int = 0) -> tuple[Image.Image, MaskArray]:
    """Return an image whose colours are its classes, in large patches."""
    small = np.random.default_rng(seed).integers(0, 3, (3, 4), dtype=np.uint8)
    mask = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.NEAREST))
    return Image.fromarray(COLOURS[mask]), MaskArray(mask, 3)


def agreement(image: torch.Tensor, mask: torch.Tensor) -> float:
    """Return how many pixels of a pure colour and a class have the colour of their class."""
    distance = ((image.permute(1, 2, 0)[:, :, None].float() - torch.from_numpy(COLOURS)) ** 2).sum(
        3
    )
    known = (mask != IGNORE) & (distance.amin(2) < 100)
    return float((distance.argmin(2)[known] == mask[known]).float().mean())


@pytest.mark.parametrize("augment", ["none", "flip", "crop", "crop-flip"])
@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(20, 200))
def test_the_mask_moves_with_the_image(augment: str, seed: int, width: int, height: int) -> None:
    torch.manual_seed(seed)
    image, mask = SegmentationSamples(BOX, augment).item(*scene(width, height))
    assert image.shape == (3, 64, 96)
    assert mask.shape == (64, 96)
    assert image.dtype == mask.dtype == torch.uint8
    assert set(mask.unique().tolist()) <= {0, 1, 2, IGNORE}
    assert agreement(image, mask) > 0.97


@pytest.mark.parametrize("augment", ["none", *AUGMENTS])
def test_what_was_filled_up_is_ignored(augment: str) -> None:
    torch.manual_seed(0)
    found = 0
    for _ in range(20):
        image, mask = SegmentationSamples(BOX, augment).item(*scene(30, 90))
        filled = (image == torch.tensor(BOX.fill)[:, None, None]).all(0)
        assert (mask[:, 0] == IGNORE).all() or augment != "none" or not filled[:, 0].all()
        found += int((mask == IGNORE).sum())
        if augment != "trivialaugment":
            assert (mask == IGNORE)[filled].all()
    assert found > 0


def test_an_image_that_fits_is_left_as_it_is() -> None:
    image, target = scene(96, 64)
    prepared, mask = SegmentationSamples(BOX, "none").item(image, target)
    assert np.array_equal(mask.numpy(), target.read())
    assert np.array_equal(prepared.permute(1, 2, 0).numpy(), np.array(image))


def test_a_target_alone_is_as_with_its_image() -> None:
    image, target = scene(70, 130)
    samples = SegmentationSamples(BOX, "none")
    assert torch.equal(samples.item(image, target)[1], samples.target(target))


def test_mirroring_only_where_it_is_asked_for() -> None:
    image, target = scene(96, 64)
    mirrored = {}
    for augment in AUGMENTS:
        torch.manual_seed(0)
        samples, seen = SegmentationSamples(BOX, augment), []
        for _ in range(30):
            mask = samples.item(image, target)[1].float()
            left, right = target.read()[:, :24], target.read()[:, -24:]
            seen.append(
                float(np.mean(mask.numpy()[:, :24] == left))
                < float(np.mean(mask.numpy()[:, :24] == right[:, ::-1]))
            )
        mirrored[augment] = any(seen)
    assert mirrored["crop-flip"]


def test_a_flip_mirrors_the_whole_canvas_or_nothing() -> None:
    image, target = scene(96, 64)
    plain, mask = SegmentationSamples(BOX, "none").item(image, target)
    samples, seen = SegmentationSamples(BOX, "flip"), set()
    for seed in range(20):
        torch.manual_seed(seed)
        found = samples.item(image, target)
        mirrored = not torch.equal(found[1], mask)
        expected = (plain.flip(-1), mask.flip(-1)) if mirrored else (plain, mask)
        assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
        seen.add(mirrored)
    assert seen == {True, False}


def test_a_change_of_colour_leaves_the_mask_alone() -> None:
    image, target = scene(96, 64)
    changed = 0
    for seed in range(20):
        torch.manual_seed(seed)
        first = SegmentationSamples(BOX, "trivialaugment").item(image, target)
        assert set(first[1].unique().tolist()) <= {0, 1, 2, IGNORE}
        known = first[1] != IGNORE
        colours = {tuple(c) for c in first[0].permute(1, 2, 0)[known].tolist()}
        changed += not {tuple(c) for c in COLOURS.tolist()} <= colours
    assert changed > 5


@pytest.mark.parametrize("augment", ["none", *AUGMENTS])
def test_the_same_seed_gives_the_same_sample(augment: str) -> None:
    samples, pair = SegmentationSamples(BOX, augment), scene(120, 90)
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(samples.item(*pair))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_batches_of_the_canvas_are_tensors() -> None:
    samples = SegmentationSamples(BOX, "crop")
    images, masks = zip(*(samples.item(*scene(80, 50, seed)) for seed in range(3)), strict=True)
    assert samples.inputs(images).shape == (3, 3, 64, 96)
    assert samples.targets(masks).shape == (3, 64, 96)


def test_with_windows_whole_images_are_lists_and_cuts_are_tensors() -> None:
    windows = Windows(64, 64, "bilinear", MEAN, STD)
    whole = SegmentationSamples(windows, "none")
    pairs = [whole.item(*scene(width, 70)) for width in (80, 130)]
    assert [tuple(image.shape) for image in whole.inputs([i for i, _ in pairs])] == [
        (3, 96, 96),
        (3, 96, 160),
    ]
    assert [tuple(mask.shape) for mask in whole.targets([m for _, m in pairs])] == [
        (96, 96),
        (96, 160),
    ]
    cuts = SegmentationSamples(windows, "crop")
    pairs = [cuts.item(*scene(width, 70)) for width in (80, 130)]
    assert cuts.inputs([i for i, _ in pairs]).shape == (2, 3, 64, 64)
    assert cuts.targets([m for _, m in pairs]).shape == (2, 64, 64)
