"""Boxes travel with every change of their image, and land in the same place on the canvas."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from finetrust.models.letterbox import Letterbox
from finetrust.tasks.detection_samples import DetectionSamples

RED = (250, 10, 10)
LETTERBOX = Letterbox(96, 128, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def painted(size: tuple[int, int], boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    image = Image.new("RGB", size, (20, 60, 200))
    for x1, y1, x2, y2 in boxes:
        ImageDraw.Draw(image).rectangle((x1, y1, x2 - 1, y2 - 1), fill=RED)
    return image


def truth(size: tuple[int, int], boxes: list[tuple[int, int, int, int]]) -> SimpleNamespace:
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    return SimpleNamespace(
        boxes=corners,
        labels=np.arange(len(boxes)),
        crowd=np.zeros(len(boxes), bool),
        area=(corners[:, 2:] - corners[:, :2]).prod(1),
        size=size,
    )


def around_red(image: torch.Tensor) -> np.ndarray:
    """The box around what is redder than half-way between red and blue."""
    rows, columns = np.nonzero((image[0].int() - image[2].int() > 10).numpy())
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("augment", ["none", "flip", "crop", "crop-flip"])
@pytest.mark.parametrize("size", [(160, 100), (60, 200)])
def test_the_box_stays_tight_around_its_object(augment: str, size: tuple[int, int]) -> None:
    box = [(size[0] // 4, size[1] // 5, size[0] // 2, size[1] // 2)]
    samples, image, seen = DetectionSamples(LETTERBOX, augment), painted(size, box), 0
    for seed in range(60):
        torch.manual_seed(seed)
        prepared, target = samples.item(image, truth(size, box))
        assert prepared.shape == (3, 96, 128)
        if len(target["boxes"]):
            seen += 1
            assert np.abs(around_red(prepared) - target["boxes"][0].numpy()).max() < 2
        else:
            assert (prepared[0].int() - prepared[2].int() > 10).sum() < 2 * 128
    assert seen > 30


@pytest.mark.parametrize("augment", ["flip", "crop-flip"])
def test_mirroring_mirrors_the_boxes(augment: str) -> None:
    samples = DetectionSamples(LETTERBOX, augment)
    sides = set()
    for seed in range(40):
        torch.manual_seed(seed)
        image, target = samples.item(
            painted((128, 96), [(8, 30, 40, 60)]), truth((128, 96), [(8, 30, 40, 60)])
        )
        if len(target["boxes"]):
            assert np.abs(around_red(image) - target["boxes"][0].numpy()).max() < 2
            sides.add(float(target["boxes"][0, 0]) < 64)
    assert sides == {True, False}


def test_boxes_that_a_crop_empties_are_dropped_with_their_labels() -> None:
    boxes = [(0, 0, 12, 12), (116, 84, 128, 96), (50, 40, 70, 60)]
    samples, counts = DetectionSamples(LETTERBOX, "crop"), set()
    for seed in range(60):
        torch.manual_seed(seed)
        _, target = samples.item(painted((128, 96), boxes), truth((128, 96), boxes))
        counts.add(len(target["boxes"]))
        assert {len(values) for values in target.values()} == {len(target["boxes"])}
        sides = target["boxes"][:, 2:] - target["boxes"][:, :2]
        assert (sides >= 2).all()
        assert (target["boxes"] >= 0).all()
        assert (target["boxes"] <= torch.tensor([128, 96, 128, 96])).all()
    assert len(counts) > 1


def test_trivialaugment_changes_colours_and_leaves_boxes_tight() -> None:
    box = [(40, 30, 80, 60)]
    changed = DetectionSamples(LETTERBOX, "trivialaugment")
    plain = DetectionSamples(LETTERBOX, "crop-flip")
    differs = 0
    for seed in range(20):
        torch.manual_seed(seed)
        one, _ = changed.item(painted((128, 96), box), truth((128, 96), box))
        torch.manual_seed(seed)
        other, _ = plain.item(painted((128, 96), box), truth((128, 96), box))
        differs += not torch.equal(one, other)
    assert differs > 10


def test_nothing_is_random_without_augmentation() -> None:
    samples, box = DetectionSamples(LETTERBOX, "none"), [(10, 10, 50, 40)]
    image, target = samples.item(painted((200, 100), box), truth((200, 100), box))
    again, _ = samples.item(painted((200, 100), box), truth((200, 100), box))
    assert torch.equal(image, again)
    alone = samples.target(truth((200, 100), box))
    assert all(torch.equal(target[name], alone[name]) for name in alone)


def test_the_same_seed_gives_the_same_sample() -> None:
    samples, box = DetectionSamples(LETTERBOX, "trivialaugment"), [(10, 10, 50, 40)]
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        found.append(samples.item(painted((200, 100), box), truth((200, 100), box)))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1]["boxes"], found[1][1]["boxes"])


@pytest.mark.parametrize("augment", ["none", "crop-flip"])
def test_an_image_without_objects_has_empty_targets(augment: str) -> None:
    _, target = DetectionSamples(LETTERBOX, augment).item(
        painted((50, 50), []), truth((50, 50), [])
    )
    assert target["boxes"].shape == (0, 4)
    assert target["boxes"].dtype == torch.float32
    assert target["labels"].dtype == torch.int64
    assert target["crowd"].dtype == torch.bool


def test_areas_shrink_with_the_image_and_a_crowd_stays_one() -> None:
    given = truth((256, 192), [(0, 0, 100, 100)])
    given.area = np.array([4000.0])
    given.crowd = np.array([True])
    target = DetectionSamples(LETTERBOX, "none").target(given)
    assert float(target["area"][0]) == 1000
    assert bool(target["crowd"][0])
    assert target["boxes"].tolist() == [[0, 0, 50, 50]]


def test_a_batch_is_a_stack_of_images_and_a_list_of_targets() -> None:
    samples = DetectionSamples(LETTERBOX, "none")
    items = [samples.item(painted((50, 50), b), truth((50, 50), b)) for b in ([], [(1, 1, 9, 9)])]
    images = samples.inputs([image for image, _ in items])
    targets = samples.targets([target for _, target in items])
    assert images.shape == (2, 3, 96, 128)
    assert [len(target["boxes"]) for target in targets] == [0, 1]
