"""COCO's twelve figures are those of pycocotools, and resampling is weighting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.trust.accuracy.detection.average_precision import (
    average_precisions,
    coco_figures,
    coco_summary,
)
from finetrust.trust.accuracy.detection.found import Found
from finetrust.trust.accuracy.detection.matching import match

from .scenes import Scene, columns_of, random_scenes, reference, scene

A, B, C = (0, 0, 40, 40), (100, 100, 150, 140), (10, 10, 30, 45)
NEAR_A = (0, 0, 40, 36)

HAND_MADE: dict[str, list[Scene]] = {
    "perfect": [scene([(0, A), (1, B)], [(0, 0.9, A), (1, 0.8, B)])],
    "nothing found": [scene([(0, A)])],
    "nothing there": [scene([], [(0, 0.9, A)])],
    "empty images": [scene(), scene([(0, A)], [(0, 0.7, NEAR_A)]), scene()],
    "nothing at all": [scene()],
    "only crowds": [scene([(0, A)], [(0, 0.9, A)], crowds=(0,))],
    "a crowd swallows many": [
        scene([(0, (0, 0, 200, 200)), (0, B)],
              [(0, 0.9, A), (0, 0.8, C), (0, 0.7, B), (0, 0.6, (190, 190, 290, 290))], crowds=(0,))
    ],
    "twice the same detection": [scene([(0, A)], [(0, 0.5, A), (0, 0.5, A)])],
    "ties across images": [
        scene([(0, A)], [(0, 0.5, B)]),
        scene([(0, A)], [(0, 0.5, A)]),
        scene([(0, A)], [(0, 0.5, C), (0, 0.5, A)]),
    ],
    "the wrong class": [scene([(0, A)], [(1, 0.9, A)]), scene([(1, B)], [(1, 0.4, B)])],
    "equal overlaps": [scene([(0, A), (0, A)], [(0, 0.9, NEAR_A), (0, 0.8, A), (0, 0.7, A)])],
    "a better one comes later": [scene([(0, A)], [(0, 0.5, A), (0, 0.9, NEAR_A)])],
    "exactly half": [scene([(0, (0, 0, 40, 40))], [(0, 0.9, (0, 0, 40, 20))])],
    "on the edge of small": [scene([(0, (0, 0, 32, 32))], [(0, 0.9, (0, 0, 32, 32))])],
    "out of range beside": [
        scene([(0, (0, 0, 32, 33)), (0, (0, 0, 32, 31))], [(0, 0.9, (0, 0, 32, 32)), (0, 0.8, A)])
    ],
}  # fmt: skip


def assert_as_pycocotools(scenes: list[Scene]) -> None:
    figures, by_class = reference(scenes)
    found = coco_summary(*columns_of(scenes))
    for name, value in figures.items():
        np.testing.assert_allclose(found[name], value, atol=1e-9, err_msg=name)
    matches = match(Found.of_columns(*columns_of(scenes)))
    ours = np.full(len(by_class), np.nan)
    ours[matches.classes] = average_precisions(matches, np.ones((1, len(scenes))))[0].mean(axis=1)
    np.testing.assert_allclose(ours, by_class, atol=1e-9)


@pytest.mark.parametrize("name", HAND_MADE)
def test_hand_made_scenes_are_judged_as_pycocotools_does(name: str) -> None:
    assert_as_pycocotools(HAND_MADE[name])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"jitter": 0.02, "found": 1.0},
        {"crowd": 0.5},
        {"classes": 12, "objects": 3},
        {"objects": 30, "extra": 150, "classes": 1, "side": 120},
    ],
)
def test_random_scenes_are_judged_as_pycocotools_does(seed: int, options: dict) -> None:
    assert_as_pycocotools(random_scenes(12, seed, **options))


corner = st.integers(0, 6).map(lambda x: 20.0 * x)
side = st.sampled_from([10.0, 20.0, 30.0, 40.0, 80.0, 100.0])
box = st.tuples(corner, corner, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
label = st.integers(0, 2)


@st.composite
def drawn_scenes(draw: st.DrawFn) -> list[Scene]:
    scenes = []
    for _ in range(draw(st.integers(1, 4))):
        truths = draw(st.lists(st.tuples(label, box), max_size=5))
        found = draw(
            st.lists(st.tuples(label, st.integers(1, 4).map(lambda s: s / 4), box), max_size=6)
        )
        copies = [(k, 0.6, b) for k, b in truths if draw(st.booleans())]
        crowds = tuple(i for i in range(len(truths)) if draw(st.integers(0, 5)) == 0)
        scenes.append(scene(truths, found + copies, crowds))
    return scenes


@settings(max_examples=80)
@given(drawn_scenes())
def test_any_scenes_are_judged_as_pycocotools_does(scenes: list[Scene]) -> None:
    assert_as_pycocotools(scenes)


@settings(max_examples=20)
@given(drawn_scenes(), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_weight_is_how_often_an_image_is_there(scenes: list[Scene], times: list[int]) -> None:
    weights = np.array([times[: len(scenes)]], float)
    repeated = [one for one, n in zip(scenes, times, strict=False) for _ in range(n)]
    weighted = coco_figures(match(Found.of_columns(*columns_of(scenes))), weights).values
    copied = coco_summary(*columns_of(repeated))
    for name, value in copied.items():
        np.testing.assert_allclose(weighted[name][0], value, atol=1e-9, err_msg=name)


def test_it_agrees_with_torchmetrics() -> None:
    import torch
    from torchmetrics.detection import MeanAveragePrecision

    scenes = random_scenes(20, 7, crowd=0)
    metric = MeanAveragePrecision(backend="pycocotools")
    metric.update(
        [
            {key: torch.from_numpy(one[f"pred_{key}"]) for key in ("boxes", "labels", "scores")}
            for one in scenes
        ],
        [
            {
                "boxes": torch.from_numpy(one["true_boxes"]),
                "labels": torch.from_numpy(one["true_labels"]),
                "area": torch.from_numpy(one["true_area"]),
            }
            for one in scenes
        ],
    )
    theirs, ours = metric.compute(), coco_summary(*columns_of(scenes))
    for name, key in (("ap", "map"), ("ap50", "map_50"), ("ap_small", "map_small"),
                      ("ar_10", "mar_10"), ("ar_large", "mar_large")):  # fmt: skip
        assert ours[name] == pytest.approx(float(theirs[key]), abs=1e-6)


def test_what_is_not_finite_is_no_detection() -> None:
    spoiled = scene(
        [(0, A)], [(0, 0.9, A), (0, float("nan"), B), (0, 0.95, (0, float("inf"), 3, 4))]
    )
    assert coco_summary(*columns_of([spoiled]))["ap"] == pytest.approx(1)


def test_many_pairs_are_cut_into_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from finetrust.trust.accuracy.detection import matching

    scenes = random_scenes(10, 3, classes=1)
    whole = coco_summary(*columns_of(scenes))
    monkeypatch.setattr(matching, "_PAIRS_AT_ONCE", 7)
    assert coco_summary(*columns_of(scenes)) == whole
