"""YOLO's labels are shares of the image, wherever its folders and names lie."""

from pathlib import Path

import numpy as np
import pytest

from data.boxed_folders import OBJECTS, SIZE, boxes_of, yolo_folder, yolo_line
from data.pictures import folder_of, jpeg, picture, splits_of, write
from finetrust.core.errors import UserError
from finetrust.data.boxes.box_checks import examine_boxes
from finetrust.data.dataset import Dataset
from finetrust.data.formats.yolo_format import YoloFormat
from finetrust.data.source import DataOptions


def opened(source: Path) -> Dataset:
    assert YoloFormat().accepts(str(source))
    return YoloFormat().open(str(source), DataOptions())


def examined(dataset: Dataset) -> Dataset:
    return examine_boxes(dataset, [SIZE] * len(dataset))[0]


def test_boxes_are_scaled_once_the_sizes_are_known(tmp_path: Path) -> None:
    dataset = opened(yolo_folder(tmp_path))
    assert dataset.task == "detection"
    assert all(target.relative for target in dataset.targets)
    found = examined(dataset)
    assert not any(target.relative for target in found.targets)
    assert found.targets[0].size == SIZE
    assert boxes_of(found) == {f"images/{i:03d}.jpg": o for i, o in enumerate(OBJECTS)}
    np.testing.assert_allclose(found.targets[0].area, [18 * 27, 30 * 25], rtol=1e-4)


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images/{}", "labels/{}"), ("{}/images", "{}/labels"), ("{}", "{}")],
)
def test_splits_stand_below_or_above(tmp_path: Path, images: str, labels: str) -> None:
    dataset = opened(yolo_folder(tmp_path, ("train", "valid", "test"), images, labels))
    assert len(dataset) == 9
    assert sorted(set(splits_of(dataset).values())) == ["test", "train", "val"]
    assert boxes_of(examined(dataset))[f"{images.format('valid')}/010.jpg"] == OBJECTS[0]


@pytest.mark.parametrize("split", ["train2017", ""])
@pytest.mark.parametrize("names", ["names: [cat, dog]", "names: {0: cat, 1: dog}\nnc: 2"])
@pytest.mark.parametrize("prefix", ["", "../", "path: ../nowhere"])
def test_a_data_yaml_names_folders_and_classes(
    tmp_path: Path, split: str, names: str, prefix: str
) -> None:
    yolo_folder(tmp_path, (split,), names=None)
    first = f"{prefix}\n" if prefix.startswith("path") else ""
    dots = "" if first else prefix
    text = f"{first}train: {dots}images/{split}\nval:\ntest: gone\n{names}\ndownload: exit(1)\n"
    write(tmp_path / "data.yaml", text.encode())
    for source in (tmp_path, tmp_path / "data.yaml"):
        dataset = opened(source)
        assert dataset.classes == ("cat", "dog")
        assert set(dataset.splits) == {"train"}
        assert "data.yaml names gone for test, which does not exist" in dataset.notes


def test_a_list_of_images_is_read(tmp_path: Path) -> None:
    yolo_folder(tmp_path, names=None)
    write(tmp_path / "lists" / "train.txt", b"../images/000.jpg\n./images/001.jpg\n")
    write(tmp_path / "data.yaml", b"train: lists/train.txt\nnames: [cat, dog]\n")
    assert opened(tmp_path).ids == ("images/000.jpg", "images/001.jpg")


def test_darknet_keeps_labels_beside_the_images(tmp_path: Path) -> None:
    yolo_folder(tmp_path, images="obj_train_data", labels="obj_train_data", names="obj.names")
    dataset = opened(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert boxes_of(examined(dataset))["obj_train_data/000.jpg"] == OBJECTS[0]


def test_labelimg_keeps_the_names_among_the_labels(tmp_path: Path) -> None:
    dataset = opened(yolo_folder(tmp_path, names="labels/classes.txt"))
    assert dataset.classes == ("cat", "dog")
    assert not dataset.notes


def test_without_names_classes_are_numbers(tmp_path: Path) -> None:
    dataset = opened(yolo_folder(tmp_path, names=None))
    assert dataset.classes == ("0", "1")
    assert any("no list of names" in note for note in dataset.notes)


def test_an_outline_gives_its_box_and_its_area(tmp_path: Path) -> None:
    yolo_folder(tmp_path)
    write(tmp_path / "labels" / "000.txt", b"1 0.25 0.5 0.5 0.25 0.75 0.5\n")
    target = examined(opened(tmp_path)).targets[0]
    np.testing.assert_allclose(target.boxes, [[12, 10, 36, 20]])
    np.testing.assert_allclose(target.area, [24 * 10 / 2])


def test_an_image_without_labels_shows_nothing(tmp_path: Path) -> None:
    yolo_folder(tmp_path)
    write(tmp_path / "images" / "empty.jpg", jpeg(picture(9)))
    write(tmp_path / "labels" / "orphan.txt", b"0 0.5 0.5 0.1 0.1")
    dataset = opened(tmp_path)
    assert len(dataset.targets[dataset.ids.index("images/empty.jpg")]) == 0
    assert dataset.notes == (
        "1 image without a file of labels counts as showing nothing: images/empty.jpg",
        "left out 1 file of labels with no image: labels/orphan.txt",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("7 0.5 0.5 0.1 0.1", "line 1 has the unknown class 7 and was dropped"),
        ("0 0.5 0.5 0.1", "line 1 is no 'class cx cy w h' (0 0.5 0.5 0.1) and was dropped"),
        ("0 0.5 0.5 0.1 0.1 0.9",
         "line 1 is no 'class cx cy w h' (0 0.5 0.5 0.1 0.1 0.9) and was dropped"),
        ("0.5 0.5 0.5 0.1 0.1", "line 1 has no class number (0.5) and was dropped"),
        ("0 0.5 nan 0.1 0.1",
         "line 1 is no 'class cx cy w h' (0 0.5 nan 0.1 0.1) and was dropped"),
        ("0 0.5 0.5 0 0.1",
         "line 1 ('cat') is empty or inverted (24, 18, 24, 22) and was dropped"),
        ("0 1.5 0.5 0.1 0.1", "line 1 ('cat') lies outside the image (69.6, 18, 74.4, 22) and was "
         "dropped"),
        ("0 0.9 0.5 0.5 0.1", "line 1 ('cat') reaches 7.2 pixels over the border and was cut there"),
        ("1 0.25 0.5 0.1 0.1\n1 0.25 0.5 0.1 0.1",
         "line 2 ('dog') is the same box as line 1, and is used as it is"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_told(tmp_path: Path, line: str, told: str) -> None:
    yolo_folder(tmp_path)
    write(tmp_path / "labels" / "000.txt", line.encode())
    _, findings = examine_boxes(opened(tmp_path), [SIZE] * 3)
    assert findings.mended == [("images/000.jpg", told)]


def test_a_file_that_is_no_text_leaves_its_image_out(tmp_path: Path) -> None:
    yolo_folder(tmp_path)
    write(tmp_path / "labels" / "001.txt", b"\xff\xfe\x00\xd8")
    dataset = YoloFormat().open(str(tmp_path), DataOptions())
    _, findings = examine_boxes(dataset, [SIZE] * 3)
    assert "labels 001.txt cannot be read" in findings.left_out[1]


def test_boxes_in_pixels_are_refused(tmp_path: Path) -> None:
    yolo_folder(tmp_path)
    write(tmp_path / "labels" / "000.txt", b"0 10 10 5 5\n1 12 12 8 8\n")
    with pytest.raises(UserError, match=r"000.txt, line 1: the box is in pixels, as are 2 of 3"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train: images\nnames: [cat, cat]", "classes 0 and 1 are both called 'cat'"),
        ("train: images\nnames: [cat, dog]\nnc: 3", "nc is 3, but there are 2 names"),
        ("train: images\nnames: {1: cat, 2: dog}", "numbered 1, 2, not 0 to 1"),
        ("train: images\nnames: cat", "expected a list of names, found 'cat'"),
        ("train: elsewhere\nnames: [cat]", "names elsewhere for train, which does not exist"),
        ("train: images\nnc: no", "nc is False, not a number of classes"),
    ],
)
def test_a_faulty_data_yaml_is_refused(tmp_path: Path, text: str, told: str) -> None:
    yolo_folder(tmp_path, names=None)
    write(tmp_path / "data.yaml", text.encode())
    with pytest.raises(UserError, match=told):
        opened(tmp_path)


def test_a_split_that_repeats_another_is_told(tmp_path: Path) -> None:
    yolo_folder(tmp_path, names=None)
    write(tmp_path / "data.yaml", b"train: images\nval: images\nnames: [cat, dog]\n")
    assert "data.yaml names images for train and again for val" in opened(tmp_path).notes


def test_other_folders_are_of_other_formats(tmp_path: Path) -> None:
    accepts = YoloFormat().accepts
    assert not accepts(str(folder_of(tmp_path / "a", {"cat": 1, "dog": 1})))
    write(tmp_path / "b" / "images" / "x.jpg", jpeg(picture(0)))
    write(tmp_path / "b" / "labels" / "x.txt", b"a caption of two lines\n")
    assert not accepts(str(tmp_path / "b"))
    write(tmp_path / "config.yaml", b"model: resnet\n")
    assert not accepts(str(tmp_path / "config.yaml"))


def test_lines_are_as_the_test_writes_them() -> None:
    assert yolo_line(1, (0, 0, 48, 20)) == "1 0.500000 0.250000 1.000000 0.500000\n"
