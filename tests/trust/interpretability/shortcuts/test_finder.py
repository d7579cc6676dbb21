"""Planted shortcuts are named with place and class; a model without any raises no alarm."""

import pytest
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.shortcuts.finder import find_shortcuts

from .scenes import (
    A_CLASS,
    SIDE,
    honest,
    misled,
    reads_strokes,
    scenes,
    sees_mark,
    signs_of_strokes,
    with_mark,
)


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_reads_the_objects_raises_no_alarm(seed: int) -> None:
    images, targets, objects = scenes(seed)
    found = find_shortcuts(honest, images, targets, objects=objects, seed=seed)
    assert found.alarms == ()
    assert found.n_judged_on == 90


@pytest.mark.parametrize("seed", range(2))
def test_a_stroke_of_signs_that_all_lie_at_the_same_place_raises_no_alarm(seed: int) -> None:
    images, targets = signs_of_strokes(seed)
    found = find_shortcuts(reads_strokes, images, targets, seed=seed)
    assert max(s.effect for s in found.judged if s.adjusted_p < 0.05) > 0.1
    assert found.alarms == ()


def test_a_mark_beside_signs_is_named() -> None:
    images, targets = signs_of_strokes(1)
    marked = with_mark(images, targets, 2, 20, 20)
    there = sees_mark(20, 20)

    def by_mark(x: Tensor) -> Tensor:
        return reads_strokes(x) + 6 * there(x).float()[:, None] * (torch.arange(5) == 2)

    assert {s.label for s in find_shortcuts(by_mark, marked, targets).alarms} == {2}


def test_a_mark_that_no_model_reads_raises_no_alarm() -> None:
    images, targets, _ = scenes(0)
    assert find_shortcuts(honest, with_mark(images, targets, 1, 0, 0), targets).alarms == ()


@pytest.mark.parametrize(("x", "y"), [(0, 0), (20, 1), (10, 9)])
def test_a_mark_is_named_with_its_place_and_class(x: int, y: int) -> None:
    images, targets, _ = scenes(1)
    found = find_shortcuts(misled(sees_mark(x, y), 2), with_mark(images, targets, 2, x, y), targets)
    assert {s.label for s in found.alarms} == {2}
    x1, y1, x2, y2 = found.alarms[0].box or (0, 0, 0, 0)
    assert x1 <= x
    assert y1 <= y
    assert x2 >= x + 3
    assert y2 >= y + 3
    assert (x2 - x1) * (y2 - y1) <= 6 * 6


def test_its_figures_are_those_of_the_model_without_the_mark() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    worst = find_shortcuts(misled(sees_mark(0, 0), 1, blind=True), marked, targets).alarms[0]
    assert worst.accuracy.value == pytest.approx(0.9, abs=0.1)
    assert all(r.without.value <= 0.1 for r in worst.removals)
    assert {r.filling for r in worst.removals} == {"from other classes", "blur", "mean"}
    assert worst.fall.n == worst.accuracy.n == A_CLASS // 2
    assert worst.fall.ci_low <= 0.8 <= worst.fall.ci_high
    assert worst.turned.value > 0.95
    assert worst.turned.n == A_CLASS
    assert worst.adjusted_p < 1e-6


def test_a_model_that_also_knows_the_class_itself_loses_nothing_but_is_fooled() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    worst = find_shortcuts(misled(sees_mark(0, 0), 1), marked, targets).alarms[0]
    assert worst.fall.value == 0
    assert worst.turned.value > 0.8


def test_an_effect_not_larger_than_asked_about_raises_no_alarm() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    model = misled(sees_mark(0, 0))
    assert find_shortcuts(model, marked, targets).alarms
    strict = find_shortcuts(model, marked, targets, size=1.0, wide_size=1.0)
    assert strict.alarms == ()
    assert strict.judged[0].adjusted_p < 1e-6


def test_a_dark_frame_is_found_as_the_border() -> None:
    images, targets, _ = scenes(2)
    frame = torch.ones(SIDE, SIDE, dtype=torch.bool)
    frame[2:-2, 2:-2] = False
    framed = torch.where(frame & (targets == 0)[:, None, None, None], 0.0, images)
    found = find_shortcuts(
        misled(lambda x: (x.mean(1) * frame).sum((1, 2)) / frame.sum() < 0.25, 0), framed, targets
    )
    assert found.alarms[0].kind == "border"
    assert found.alarms[0].label == 0


def test_a_tint_is_found_as_the_colour() -> None:
    images, targets, _ = scenes(2)
    tinted = images.clone()
    tinted[targets == 1, 0] -= 0.15
    found = find_shortcuts(
        misled(lambda x: x[:, 0].mean((1, 2)) < 0.42), tinted.clamp(0, 1), targets
    )
    assert [(s.kind, s.label) for s in found.alarms] == [("colour", 1)]
    assert found.alarms[0].box is None


def test_a_faint_pattern_over_all_pixels_is_found_as_fine_detail() -> None:
    images, targets, _ = scenes(3)
    pattern = torch.randint(0, 2, (SIDE, SIDE), generator=torch.Generator().manual_seed(9)) - 0.5
    printed = images.clone()
    printed[targets == 2] += 0.05 * pattern
    found = find_shortcuts(
        misled(lambda x: ((x.mean(1) - 0.5) * pattern).mean((1, 2)) > 0.0075, 2),
        printed.clamp(0, 1),
        targets,
    )
    assert [(s.kind, s.label) for s in found.alarms] == [("detail", 2)]


def test_a_background_is_found_where_masks_say_what_it_is() -> None:
    images, targets, objects = scenes(4)
    bright = torch.where(
        ~objects[:, None] & (targets == 1)[:, None, None, None], images + 0.2, images
    )

    def sees(x: Tensor) -> Tensor:
        return x.mean((1, 2, 3)) > 0.58

    found = find_shortcuts(misled(sees), bright, targets, objects=objects)
    assert ("background", 1) in {(s.kind, s.label) for s in found.alarms}


def test_heat_maps_add_a_place_and_its_share_of_the_heat() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    heat = torch.rand(len(images), SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 0.01
    heat[targets == 1, :3, :3] += 1
    worst = find_shortcuts(misled(sees_mark(0, 0)), marked, targets, heat=heat).alarms[0]
    assert worst.heat is not None
    assert worst.heat.value > 0.7 > 10 * worst.heat.even
    assert worst.heat.n == A_CLASS // 2


def test_the_same_seed_gives_the_same_result() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    model = misled(sees_mark(0, 0))
    assert find_shortcuts(model, marked, targets) == find_shortcuts(model, marked, targets)


def test_a_class_with_few_items_is_left_out_and_said_to_be() -> None:
    images, targets, _ = scenes(1)
    kept = torch.cat([torch.arange(120), torch.arange(120, 135)])
    found = find_shortcuts(honest, images[kept], targets[kept])
    assert found.left_out == (2,)
    assert {s.label for s in found.judged} <= {0, 1}


def test_one_class_has_nothing_to_be_told_from() -> None:
    images, targets, _ = scenes(1)
    with pytest.raises(NotApplicable, match="fewer than two classes"):
        find_shortcuts(honest, images[:60], targets[:60])
