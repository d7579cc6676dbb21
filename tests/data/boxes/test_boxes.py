import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.data.boxes.box_checks import box_counts, examine_boxes, rarest_classes
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset


def dataset_of(*targets: Boxes, classes: tuple[str, ...] = ("cat", "dog", "eel")) -> Dataset:
    column = np.empty(len(targets), object)
    column[:] = targets
    names = tuple(str(i) for i in range(len(targets)))
    return Dataset("made up", names, [], column, classes, np.full(len(targets), ""))  # type: ignore[arg-type]


def test_none_are_boxes_too() -> None:
    none = Boxes.of()
    assert none.boxes.shape == (0, 4)
    assert none.labels.dtype == np.int64
    assert none.crowd.dtype == bool
    assert len(none.take(np.zeros(0, int))) == 0
    assert Boxes.of().digest == none.digest


def test_the_area_is_that_of_the_box_unless_it_is_given() -> None:
    assert Boxes.of([[1, 2, 4, 6], [4, 4, 1, 8]], [0, 0]).area.tolist() == [12, 0]
    assert Boxes.of([[1, 2, 4, 6]], [0], area=[5]).area.tolist() == [5]


def test_the_digest_is_of_what_is_there_in_any_order() -> None:
    boxes = Boxes.of([[1, 2, 4, 6], [0, 0, 9, 9]], [0, 1])
    assert boxes.take(np.array([1, 0])).digest == boxes.digest
    assert Boxes.of(boxes.boxes, [1, 0]).digest != boxes.digest
    assert Boxes.of(boxes.boxes, [0, 1], [False, True]).digest != boxes.digest


def test_labels_are_counted_anew() -> None:
    assert Boxes.of(np.zeros((3, 4)), [0, 2, 1]).relabelled([5, 3, 4]).labels.tolist() == [5, 4, 3]


def test_boxes_are_counted_without_crowds_and_images_by_their_rarest_class() -> None:
    dataset = dataset_of(
        Boxes.of(np.zeros((3, 4)), [0, 0, 1], [False, False, True]),
        Boxes.of(np.zeros((1, 4)), [0]),
        Boxes.of(),
    )
    assert box_counts(dataset).tolist() == [3, 0, 0]
    assert rarest_classes(dataset).tolist() == [1, 0, 3]


corner = st.floats(-60, 160, width=32)


@given(st.lists(st.tuples(corner, corner, corner, corner), max_size=6), st.booleans())
def test_what_is_left_lies_inside_and_what_is_inside_is_left(
    corners: list[tuple[float, ...]], relative: bool
) -> None:
    size = (100, 80)
    given_boxes = np.array(corners, np.float32).reshape(-1, 4)
    scale = np.tile(size, 2) if relative else 1
    target = Boxes.of(given_boxes / scale, np.zeros(len(corners)), relative=relative)
    examined, findings = examine_boxes(dataset_of(target), [size])
    found = examined.targets[0]
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, :2] < found.boxes[:, 2:]).all()
    assert (found.boxes <= np.tile(size, 2)).all()
    assert (found.area <= (found.boxes[:, 2:] - found.boxes[:, :2]).prod(1) * 1.0001).all()
    assert found.size == size
    assert not found.relative
    inside = (given_boxes[:, :2] >= 0).all(1) & (given_boxes[:, 2:] <= size).all(1)
    inside &= (given_boxes[:, :2] + 0.01 < given_boxes[:, 2:]).all(1)
    kept = set(found.numbers.tolist())
    assert set((np.flatnonzero(inside) + 1).tolist()) <= kept
    dropped = [text for _, text in findings.mended if text.endswith("was dropped")]
    assert len(dropped) == len(corners) - len(found)
    again, told = examine_boxes(examined, [size])
    np.testing.assert_array_equal(again.targets[0].boxes, found.boxes)
    assert all("same box" in text for _, text in told.mended)


@pytest.mark.parametrize("beyond", [0.4, 1.0])
def test_a_pixel_over_the_border_is_cut_without_a_word(beyond: float) -> None:
    target = Boxes.of([[-beyond, 2, 50, 80 + beyond]], [0])
    examined, findings = examine_boxes(dataset_of(target), [(100, 80)])
    assert examined.targets[0].boxes.tolist() == [[0, 2, 50, 80]]
    assert examined.targets[0].area.tolist() == [50 * 78]
    assert not findings.mended


def test_an_outline_keeps_its_area_where_its_box_is_cut() -> None:
    target = Boxes.of([[50, 0, 120, 80]], [0], area=[1000])
    examined, _ = examine_boxes(dataset_of(target), [(100, 80)])
    assert examined.targets[0].area.tolist() == [1000]
