import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.data.masks.masks import IGNORE
from finetrust.tasks.segmentation_counts import (
    SAMPLED_PIXELS,
    border,
    boundary_counts,
    boundary_distance,
    confusion_counts,
    sampled,
)

K = 3
labels = hnp.arrays(np.uint8, (9, 13), elements=st.sampled_from([0, 1, 2, IGNORE]))
classes = hnp.arrays(np.uint8, (9, 13), elements=st.integers(0, K - 1))


def mask_to_boundary(mask: np.ndarray, dilation: int) -> np.ndarray:
    """The algorithm that the authors of Boundary IoU published (bowenc0221/boundary-iou-api)."""
    h, w = mask.shape
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), dtype=np.uint8), iterations=dilation)
    return mask - eroded[1 : h + 1, 1 : w + 1]


@given(classes, st.integers(1, 4))
def test_the_border_is_that_of_the_published_algorithm(mask: np.ndarray, distance: int) -> None:
    found = border(mask, distance)
    for c in range(K):
        expected = mask_to_boundary((mask == c).astype(np.uint8), distance).astype(bool)
        np.testing.assert_array_equal(found & (mask == c), expected)


@pytest.mark.parametrize("size", [(9, 13), (60, 80), (240, 320)])
def test_boundary_counts_are_those_of_the_published_algorithm(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, K, (2, 5, 6)).astype(np.uint8)
    target, predicted = (cv2.resize(m, size[::-1], interpolation=cv2.INTER_NEAREST) for m in small)
    dilation = max(1, round(0.02 * np.sqrt(size[0] ** 2 + size[1] ** 2)))
    assert boundary_distance(*size) == dilation
    found = boundary_counts(target, predicted, K)
    for c in range(K):
        pair = [mask_to_boundary((m == c).astype(np.uint8), dilation) for m in (target, predicted)]
        assert found[c] == (pair[0] & pair[1]).sum()
        assert found[K + c] == (pair[0] | pair[1]).sum()


@given(labels, classes)
def test_boundary_counts_stay_within_bounds(target: np.ndarray, predicted: np.ndarray) -> None:
    intersection, union = np.split(boundary_counts(target, predicted, K), 2)
    assert (intersection <= union).all()
    assert (intersection >= 0).all()
    same = np.where(target == IGNORE, 0, target)
    intersection, union = np.split(boundary_counts(target, same, K), 2)
    np.testing.assert_array_equal(intersection, union)


@given(labels, classes, hnp.arrays(bool, (9, 13)))
def test_every_pixel_with_a_target_is_counted_once(
    target: np.ndarray, predicted: np.ndarray, answered: np.ndarray
) -> None:
    confusion, unanswered = confusion_counts(target, predicted, answered, K)
    confusion = confusion.reshape(K, K)
    for t, p in np.ndindex(K, K):
        assert confusion[t, p] == ((target == t) & (predicted == p) & answered).sum()
    np.testing.assert_array_equal(
        confusion.sum(1) + unanswered, np.bincount(target[target != IGNORE], minlength=K)
    )


def test_the_sample_depends_on_the_item_and_its_mask_alone() -> None:
    target = np.random.default_rng(0).choice(np.array([0, 1, IGNORE], np.uint8), (60, 80))
    first = sampled(target, "a.png")
    assert len(first) == len(set(first.tolist())) == SAMPLED_PIXELS
    assert (target.ravel()[first] != IGNORE).all()
    np.testing.assert_array_equal(first, sampled(target, "a.png"))
    assert not np.array_equal(first, sampled(target, "b.png"))


def test_few_pixels_are_all_taken() -> None:
    target = np.full((60, 80), IGNORE, np.uint8)
    target[3, 4:9] = 1
    np.testing.assert_array_equal(sampled(target, "a"), 3 * 80 + np.arange(4, 9))


def test_every_pixel_is_as_likely_to_be_sampled() -> None:
    target = np.zeros((20, 40), np.uint8)
    drawn = np.bincount(np.concatenate([sampled(target, str(i)) for i in range(400)]))
    share = SAMPLED_PIXELS / 800
    assert abs(drawn / 400 - share).max() < 5 * np.sqrt(share * (1 - share) / 400)
