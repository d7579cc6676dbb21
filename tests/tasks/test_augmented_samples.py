"""Augmentation of each kind of image: old names draw what they drew, new ones keep marks in place."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2

from data.pictures import picture
from finetrust.data.masks.masks import MaskArray
from finetrust.models.letterbox import Letterbox
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.detection_samples import DetectionSamples
from finetrust.tasks.joint_augmentation import moves
from finetrust.tasks.segmentation_samples import SCALES, SegmentationSamples

PLAIN = Preprocessing(24, 28, "bicubic", (0.5,) * 3, (0.5,) * 3)
BOX = Letterbox(64, 96, "bilinear", (0.5,) * 3, (0.25,) * 3)
IMAGE = picture(4, (70, 50))
MASK = MaskArray((np.asarray(IMAGE)[..., 0] // 100).astype(np.uint8), 3)
BOXES = SimpleNamespace(
    boxes=np.array([[10, 8, 40, 33]], np.float32),
    labels=np.array([1]),
    crowd=np.array([False]),
    area=np.array([750.0]),
    size=(70, 50),
)
ADDED = ["augmix", "pixmix", "none + augmix", "crop + pixmix"]


class Colours(v2.TrivialAugmentWide):
    """TrivialAugment without its shears, shifts and rotations."""

    _AUGMENTATION_SPACE = {
        name: of
        for name, of in v2.TrivialAugmentWide._AUGMENTATION_SPACE.items()
        if name.rstrip("XY") not in ("Shear", "Translate", "Rotate")
    }


def after(seed: int, call: Callable[..., Any], *arguments: Any) -> Any:
    torch.manual_seed(seed)
    return call(*arguments)


CROP = v2.RandomResizedCrop(24, scale=(0.35, 1.0), interpolation=InterpolationMode.BICUBIC)
AS_BEFORE = {
    "crop": [CROP],
    "crop-flip": [CROP, v2.RandomHorizontalFlip()],
    "trivialaugment": [CROP, v2.RandomHorizontalFlip(), v2.TrivialAugmentWide()],
}


@pytest.mark.parametrize("augment", AS_BEFORE)
def test_names_from_before_there_were_expressions_draw_the_same_images(augment: str) -> None:
    expected, ours = v2.Compose([*AS_BEFORE[augment], v2.PILToTensor()]), PLAIN.augmented(augment)
    for seed in range(25):
        one, other = (after(seed, of, IMAGE) for of in (expected, ours))
        assert torch.equal(one, other)


@pytest.mark.parametrize("augment", AS_BEFORE)
def test_they_do_so_for_masks_and_boxes(augment: str) -> None:
    recolour = Colours() if augment == "trivialaugment" else None
    mirror = augment != "crop"
    box = tv_tensors.BoundingBoxes(BOXES.boxes, format="XYXY", canvas_size=(50, 70))

    def reference(mark: Any, scales: tuple[float, float]) -> Any:
        image = IMAGE if recolour is None else recolour(IMAGE)
        return moves(BOX, mirror, scales)(image, mark)

    for seed in range(25):
        mask = tv_tensors.Mask(torch.from_numpy(MASK.read()))
        image, mask = after(seed, reference, mask, SCALES)
        found = after(seed, SegmentationSamples(BOX, augment).item, IMAGE, MASK)
        assert torch.equal(found[0], image)
        assert torch.equal(found[1], mask.as_subclass(torch.Tensor))
        image, moved = after(seed, reference, box, (0.6, 1.6))
        found = after(seed, DetectionSamples(BOX, augment).item, IMAGE, BOXES)
        assert torch.equal(found[0], image)
        if len(found[1]["boxes"]):
            assert torch.equal(found[1]["boxes"], moved.as_subclass(torch.Tensor))


@pytest.mark.parametrize("augment", [*ADDED, "random-erasing", "none + random-erasing"])
def test_what_is_added_changes_pixels_and_no_box(augment: str) -> None:
    frame = augment.split(" + ")[0] if " + " in augment else "crop-flip"
    samples = DetectionSamples(BOX, augment)
    differs = 0
    for seed in range(12):
        image, target = after(seed, samples.item, IMAGE, BOXES)
        assert image.shape == (3, 64, 96)
        assert image.dtype == torch.uint8
        if frame == "none":
            assert torch.equal(target["boxes"], samples.target(BOXES)["boxes"])
        plain = after(seed, DetectionSamples(BOX, frame).item, IMAGE, BOXES)[0]
        differs += not torch.equal(image, plain)
    assert differs >= 4


@pytest.mark.parametrize("augment", ["none + augmix", "none + pixmix"])
def test_what_is_added_changes_pixels_and_no_mask(augment: str) -> None:
    samples = SegmentationSamples(BOX, augment)
    for seed in range(8):
        _, mask = after(seed, samples.item, IMAGE, MASK)
        assert torch.equal(mask, samples.target(MASK))


def test_a_framed_image_is_changed_in_the_order_that_is_spelled() -> None:
    """The last change is on top: an erased part of random pixels survives where it comes last."""
    black = Image.new("RGB", (30, 30))
    for text, noisy in (
        ("none + trivialaugment + random-erasing(probability=1)", True),
        ("none + random-erasing(probability=0) + trivialaugment", False),
    ):
        found = after(0, PLAIN.augmented(text), black)
        assert (len(found.unique()) > 100) == noisy


def test_without_a_frame_nothing_but_the_addition_is_random() -> None:
    samples = PLAIN.augmented("none + random-erasing(probability=0)")
    assert torch.equal(samples(IMAGE), PLAIN.transform()(IMAGE))
    assert torch.equal(PLAIN.augmented("none")(IMAGE), PLAIN.transform()(IMAGE))
