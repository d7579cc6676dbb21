"""Boxes from a table or COCO's JSON, and the pixels that they hold."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from finetrust.core.errors import UserError
from finetrust.data.objects.box_marks import BoxMarks, pixels_of_boxes
from finetrust.data.objects.marks import read_marks

HEADER = "image,x1,y1,x2,y2\n"


def table(folder: Path, text: str) -> str:
    (folder / "boxes.csv").write_text(text)
    return str(folder / "boxes.csv")


def test_a_box_is_the_pixels_whose_centres_it_holds() -> None:
    boxes = np.array([[1.0, 2, 3, 4], [5.4, 0.6, 6.6, 9]])
    expected = np.zeros((6, 8), bool)
    expected[2:4, 1:3] = True
    expected[1:6, 5:7] = True
    np.testing.assert_array_equal(pixels_of_boxes(boxes, (8, 6)), expected)
    assert not pixels_of_boxes(np.zeros((0, 4)), (8, 6)).any()


@given(
    st.integers(1, 9), st.integers(1, 9),
    st.lists(st.tuples(*[st.integers(-3, 12)] * 4), min_size=1, max_size=3),
)  # fmt: skip
def test_whole_boxes_have_their_area_within_the_image(
    width: int, height: int, boxes: list[tuple[int, int, int, int]]
) -> None:
    each = [pixels_of_boxes(np.array([box], float), (width, height)) for box in boxes]
    for (x1, y1, x2, y2), found in zip(boxes, each, strict=True):
        sides = (max(0, min(b, m) - max(a, 0)) for a, b, m in ((x1, x2, width), (y1, y2, height)))
        assert found.sum() == np.prod(list(sides))
    together = pixels_of_boxes(np.array(boxes, float), (width, height))
    np.testing.assert_array_equal(together, np.any(each, axis=0))


def test_a_table_has_a_row_for_each_box(tmp_path: Path) -> None:
    text = (
        HEADER.replace("\n", ",label\n")
        + "a/x.jpg,1,2,3,4,cat\nb,0,0,1.5,2,dog\na/x.jpg,5,0,6,1,\n"
    )
    marks = read_marks(table(tmp_path, text))
    assert marks.names == ("a/x.jpg", "b")
    assert marks.size("b") is None
    expected = np.zeros((4, 8), bool)
    expected[2:4, 1:3] = expected[0, 5] = True
    np.testing.assert_array_equal(marks.read("a/x.jpg", (8, 4)), expected)
    assert marks.content("b") != marks.content("a/x.jpg")


def test_parquet_says_the_same(tmp_path: Path) -> None:
    rows = {"image": ["x"], "x1": [1], "y1": [2.0], "x2": [3], "y2": [4]}
    parquet.write_table(pa.table(rows), tmp_path / "boxes.parquet")
    marks = read_marks(str(tmp_path / "boxes.parquet"))
    assert isinstance(marks, BoxMarks)
    np.testing.assert_array_equal(marks.boxes["x"], [[1, 2, 3, 4]])


def test_coco_boxes_are_those_of_all_categories(tmp_path: Path) -> None:
    coco = {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 8, "height": 4},
            {"id": 2, "file_name": "empty.jpg"},
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 2, 2]},
            {"id": 2, "image_id": 1, "category_id": 4, "bbox": [5, 0, 1, 1]},
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    marks = read_marks(str(tmp_path / "coco.json"))
    assert (marks.names, marks.size("a.jpg")) == (("a.jpg",), (8, 4))
    assert marks.read("a.jpg", (8, 4)).sum() == 5
    coco["annotations"] = []
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    with pytest.raises(UserError, match=r"no image of .* has a box"):
        read_marks(str(tmp_path / "coco.json"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("image,x1,y1,x2\nx,1,2,3\n", r"has no column 'y2'\..* Give the columns image, x1, y1"),
        (HEADER.replace("image", "Image"), "has no column 'image'. Did you mean 'Image'"),
        (HEADER, "there are no rows"),
        (f"{HEADER}x,1,2,3,4\ny,1,,3,4\n", r"row 3: four numbers were expected, found x1 = 1, y1 = ,"),
        (f"{HEADER}x,1,2,inf,4\n", "row 2: four numbers were expected"),
        (f"{HEADER}x,3,2,1,4\n", "row 2: the box is empty: x2 must be above x1"),
        (f"{HEADER},1,2,3,4\n", "row 2: column 'image' is empty"),
        (f"{HEADER}x,0.1,0.2,0.5,1\n", "are shares of the image, pixels are expected"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_row(text: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=found):
        read_marks(table(tmp_path, text))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match="is no folder, table or COCO file"):
        read_marks(str(tmp_path / "x.json"))
