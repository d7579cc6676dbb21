"""What an exchange or a filling changes of an image, and what it leaves as it was."""

import numpy as np
import pytest
import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.background import Background, inside_boxes
from finetrust.trust.interpretability.shortcuts.distinctive import distinctive_boxes
from finetrust.trust.interpretability.shortcuts.layers import Colour, CommonDetail, fine_detail
from finetrust.trust.interpretability.shortcuts.part import Part, box_of
from finetrust.trust.interpretability.shortcuts.places import Typical, area_of, fixed_places, patch

ITEMS, DONORS = torch.tensor([0, 1]), torch.tensor([3, 2])


def pictures(n: int = 4, side: int = 16) -> Tensor:
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def typical_of(images: Tensor) -> Typical:
    return Typical.of(images, one := torch.zeros(len(images), dtype=torch.int64), one)


def test_a_place_gets_what_is_typical_of_the_donors_class_and_the_rest_stays() -> None:
    images, targets = pictures(9), torch.arange(9) % 3
    typical = Typical.of(images[:6], targets[:6], targets)
    changed = patch((2, 3, 6, 5), typical).exchanged(images, ITEMS, DONORS)
    expected = torch.stack([images[[0, 3]].min(0).values, images[[2, 5]].min(0).values])
    assert torch.equal(changed[:, :, 3:5, 2:6], expected[:, :, 3:5, 2:6])
    changed[:, :, 3:5, 2:6] = images[ITEMS, :, 3:5, 2:6]
    assert torch.equal(changed, images[ITEMS])


@pytest.mark.parametrize("filling", ["blur", "mean"])
def test_a_filling_changes_the_place_alone_and_leaves_little_in_it(filling: str) -> None:
    images = pictures()
    place = patch((2, 3, 6, 5), typical_of(images))
    filled = place.fillings[filling](images, ITEMS)
    inside = area_of((2, 3, 6, 5), images[0, 0])
    assert torch.equal(filled[:, :, ~inside], images[ITEMS][:, :, ~inside])
    assert filled[:, :, inside].std() < 0.5 * images[ITEMS][:, :, inside].std()


def test_the_cells_cover_every_pixel_once() -> None:
    for height, width in ((32, 32), (17, 23)):
        places = fixed_places(typical_of(torch.rand(2, 3, height, width)))
        cells = torch.stack([p.area for p in places if p.kind == "cell"])
        assert (cells.sum(0) == 1).all()
        corners = [box_of(p.area) for p in places if p.kind == "corner"]
        assert {(b[0] == 0, b[1] == 0) for b in corners} == {(i, j) for i in (0, 1) for j in (0, 1)}
        assert {(b[2] == width, b[3] == height) for b in corners} == {
            (i, j) for i in (False, True) for j in (False, True)
        }


def test_an_object_stays_and_none_comes_with_the_background() -> None:
    images = pictures()
    objects = torch.zeros(4, 16, 16, dtype=torch.bool)
    objects[:2, 4:8, 4:8], objects[2:, 6:10, 6:10] = True, True
    images[2:, :, 6:10, 6:10] = 9.0
    changed = Background(objects).exchanged(images, ITEMS, DONORS)
    assert torch.equal(changed[:, :, 4:8, 4:8], images[ITEMS][:, :, 4:8, 4:8])
    assert torch.equal(changed[:, :, :4], images[DONORS][:, :, :4])
    assert changed.max() <= 1
    for fill in Background(objects).fillings.values():
        filled = fill(images, ITEMS)
        assert torch.equal(filled[:, :, 4:8, 4:8], images[ITEMS][:, :, 4:8, 4:8])


def test_boxes_become_masks() -> None:
    masks = inside_boxes(torch.tensor([[1.0, 2, 4, 5], [0, 0, 3, 1]]), 6, 7)
    assert [box_of(m) for m in masks] == [(1, 2, 4, 5), (0, 0, 3, 1)]
    assert masks.sum((1, 2)).tolist() == [9, 3]


def test_the_colour_of_a_donor_is_its_mean_and_spread() -> None:
    images = 0.4 + 0.2 * pictures()
    changed = Colour().exchanged(images, ITEMS, DONORS)
    for moment in (torch.mean, torch.std):
        assert torch.allclose(moment(changed, (2, 3)), moment(images[DONORS], (2, 3)), atol=1e-5)
    ours, theirs = images[0, 0].flatten(), changed[0, 0].flatten()
    assert np.corrcoef(ours, theirs)[0, 1] == pytest.approx(1)
    grey = Colour().fillings["grey"](images, ITEMS)
    assert torch.equal(grey[:, 0], grey[:, 2])


def test_only_the_detail_that_a_class_has_in_common_moves() -> None:
    images, targets = 0.3 + 0.4 * pictures(200), torch.arange(200) % 2
    images[targets == 1, :, 5, 5] = 1.0
    detail = CommonDetail.of(fine_detail(images), targets, targets)
    one, other = torch.tensor([1]), torch.tensor([0])
    assert torch.allclose(detail.exchanged(images, one, torch.tensor([3])), images[one], atol=1e-6)
    change = (detail.exchanged(images, other, one) - images[other])[0].mean(0)
    assert int(change.argmax()) == 5 * 16 + 5
    assert change[5, 5] > 4 * change[8:, 8:].abs().max()


@pytest.mark.parametrize("constant", [False, True])
def test_the_box_around_what_a_class_has_in_common_is_found(constant: bool) -> None:
    signal = torch.rand(80, 20, 20, generator=torch.Generator().manual_seed(3))
    mine = torch.arange(80) < 30
    assert distinctive_boxes(signal, mine, constant) == []
    signal[:30, 12:15, 4:8] = 0.9
    assert distinctive_boxes(signal, mine, constant) == [(3, 11, 9, 16)]


def test_every_part_keeps_to_the_shape_and_range_of_images() -> None:
    images = pictures()
    targets = torch.tensor([0, 1, 0, 1])
    parts: list[Part] = [
        *fixed_places(Typical.of(images, targets, targets)),
        Background(torch.zeros(4, 16, 16, dtype=torch.bool)),
        Colour(),
        CommonDetail.of(fine_detail(images), targets, targets),
    ]
    for part in parts:
        for changed in (
            part.exchanged(images, ITEMS, DONORS),
            *(fill(images, ITEMS) for fill in part.fillings.values()),
        ):
            assert changed.shape == (2, 3, 16, 16)
            assert changed.min() >= 0
            assert changed.max() <= 1 + 1e-6
