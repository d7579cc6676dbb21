"""Pascal VOC's XML is read safely, with pixels that it counts from 1, and its lists of splits."""

from pathlib import Path

import numpy as np
import pytest

from data.boxed_folders import OBJECTS, SIZE, boxes_of, save_pictures, voc_folder, voc_xml
from data.pictures import folder_of, jpeg, picture, splits_of, write
from finetrust.core.errors import UserError
from finetrust.data.boxes.box_checks import box_counts, examine_boxes
from finetrust.data.dataset import Dataset
from finetrust.data.formats.voc_format import VocFormat
from finetrust.data.source import DataOptions


def opened(source: Path) -> Dataset:
    assert VocFormat().accepts(str(source))
    return VocFormat().open(str(source), DataOptions())


def listed(root: Path, **lists: str) -> Path:
    for split, names in lists.items():
        write(root / "ImageSets" / "Main" / f"{split}.txt", names.replace(" ", "\n").encode())
    return root


def test_the_first_pixel_of_voc_is_1_and_the_last_is_inside(tmp_path: Path) -> None:
    dataset = opened(voc_folder(tmp_path))
    assert dataset.task == "detection"
    assert dataset.classes == ("cat", "dog")
    assert boxes_of(dataset) == {
        f"JPEGImages/{i:03d}.jpg": objects for i, objects in enumerate(OBJECTS)
    }
    assert dataset.targets[1].boxes.tolist() == [[0, 0, *SIZE]]
    assert dataset.targets[0].size == SIZE


@pytest.mark.parametrize(
    ("images", "annotations"),
    [("images", "annotations"), ("images", "images"), (".", "."), ("train", "train")],
)
def test_folders_may_be_called_otherwise(tmp_path: Path, images: str, annotations: str) -> None:
    save_pictures(tmp_path / images, 1)
    write(tmp_path / annotations / "000.xml", voc_xml(OBJECTS[0]))
    assert len(opened(tmp_path).targets[0]) == 2


def test_splits_may_stand_above(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        voc_folder(tmp_path / split)
    found = splits_of(opened(tmp_path))
    assert found["train/JPEGImages/000.jpg"] == "train"
    assert found["valid/JPEGImages/000.jpg"] == "val"


def test_lists_give_the_splits_and_trainval_what_is_left(tmp_path: Path) -> None:
    save_pictures(tmp_path / "JPEGImages", 5)
    for i in range(5):
        write(tmp_path / "Annotations" / f"{i:03d}.xml", voc_xml(OBJECTS[0]))
    listed(tmp_path, train="000", val="001", trainval="000 001 002", test="003 999")
    dataset = opened(tmp_path)
    assert [splits_of(dataset)[f"JPEGImages/{i:03d}.jpg"] for i in range(4)] == [
        "train",
        "val",
        "train",
        "test",
    ]
    assert dataset.notes == (
        "left out 1 image in no list of splits: 004.jpg",
        "1 name in the lists of splits has no image with an annotation: 999",
    )


def test_a_name_in_two_lists_is_refused(tmp_path: Path) -> None:
    listed(voc_folder(tmp_path), train="000 001", test="001")
    with pytest.raises(UserError, match="'001' is listed for train and for test"):
        opened(tmp_path)


def test_difficult_objects_are_neither_trained_on_nor_judged(tmp_path: Path) -> None:
    voc_folder(tmp_path)
    write(tmp_path / "Annotations" / "000.xml", voc_xml(OBJECTS[0], difficult=1))
    dataset = opened(tmp_path)
    assert dataset.targets[0].crowd.tolist() == [False, True]
    assert box_counts(dataset).tolist() == [1, 1]


def test_what_lacks_its_partner_is_told(tmp_path: Path) -> None:
    voc_folder(tmp_path)
    write(tmp_path / "JPEGImages" / "lonely.jpg", jpeg(picture(9)))
    write(tmp_path / "Annotations" / "orphan.xml", voc_xml([]))
    assert opened(tmp_path).notes == (
        "left out 1 image with no annotation: JPEGImages/lonely.jpg",
        "left out 1 annotation with no image: Annotations/orphan.xml",
    )


BOMB = (
    b'<?xml version="1.0"?>\n<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>\n'
    b"<annotation><object><name>&b;</name></object></annotation>"
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<annotation>\n<object>\n</annotation>", r"000.xml, line 3: not XML \(mismatched tag\)"),
        (b"", r"000.xml, line 1: not XML \(no element found\)"),
        (b"<other/>", "000.xml: expected <annotation>, found <other>"),
        (BOMB, "000.xml, line 2: it declares a document type"),
        (BOMB.decode().encode("utf-16"), "000.xml, line 2: it declares a document type"),
    ],
)
def test_an_annotation_that_cannot_be_read_leaves_its_image_out(
    tmp_path: Path, content: bytes, told: str
) -> None:
    voc_folder(tmp_path)
    write(tmp_path / "Annotations" / "000.xml", content)
    dataset = opened(tmp_path)
    _, findings = examine_boxes(dataset, [SIZE] * 3)
    assert list(findings.left_out) == [0]
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(findings.left_out[0])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"<xmin>3</xmin>", b"<xmin>20</xmin>",
         "object 1 ('cat') is empty or inverted (x 20 to 20, y 4 to 30), dropped"),
        (b"<xmin>3</xmin>", b"", "object 1 ('cat') has no bndbox of numbers and was dropped"),
        (b"<xmin>3</xmin>", b"<xmin>x</xmin>",
         "object 1 ('cat') has no bndbox of numbers and was dropped"),
        (b"<name>cat</name>", b"<name> </name>", "object 1 has no name and was dropped"),
        (b"<xmax>20</xmax>", b"<xmax>60</xmax>",
         "object 1 ('cat') reaches 12.0 pixels over the border and was cut there"),
        (b"<width>48</width><height>40</height>", b"<width>40</width><height>48</height>",
         "annotated at 40 x 48 pixels, but the upright image has 48 x 40: the boxes may be meant for "
         "the image before it was turned, and are used as they are"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_object_is_told(
    tmp_path: Path, old: bytes, new: bytes, told: str
) -> None:
    voc_folder(tmp_path)
    content = voc_xml(OBJECTS[0])
    assert old in content
    write(tmp_path / "Annotations" / "000.xml", content.replace(old, new, 1))
    _, findings = examine_boxes(opened(tmp_path), [SIZE] * 3)
    assert findings.mended == [("JPEGImages/000.jpg", told)]


def test_a_pixel_counted_from_0_is_no_finding(tmp_path: Path) -> None:
    voc_folder(tmp_path)
    content = voc_xml(OBJECTS[1]).replace(b"<xmin>1</xmin>", b"<xmin>0</xmin>")
    write(tmp_path / "Annotations" / "001.xml", content)
    examined, findings = examine_boxes(opened(tmp_path), [SIZE] * 3)
    assert not findings.mended
    np.testing.assert_array_equal(examined.targets[1].boxes, [[0, 0, *SIZE]])


def test_other_folders_are_of_other_formats(tmp_path: Path) -> None:
    accepts = VocFormat().accepts
    assert not accepts(str(folder_of(tmp_path / "a", {"cat": 1, "dog": 1})))
    write(tmp_path / "b" / "x.xml", b"<html/>")
    assert not accepts(str(tmp_path / "b"))
    assert not accepts(str(tmp_path / "absent"))


def test_bccd_opens_with_its_splits_and_two_clicks_that_are_no_boxes(shared: Path) -> None:
    dataset = opened(shared / "bccd")
    assert dataset.classes == ("Platelets", "RBC", "WBC")
    assert [list(dataset.splits).count(s) for s in ("train", "val", "test")] == [205, 87, 72]
    examined, findings = examine_boxes(dataset, [(640, 480)] * len(dataset))
    assert [id_ for id_, _ in findings.mended] == [
        "JPEGImages/BloodImage_00338.jpg",
        "JPEGImages/BloodImage_00343.jpg",
    ]
    assert box_counts(examined).tolist() == [361, 4153, 372]
