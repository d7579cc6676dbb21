"""COCO's JSON is read as pycocotools reads it, and what is wrong in it is told by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.boxed_folders import OBJECTS, boxes_of, coco_folder, coco_of, save_json, save_pictures
from data.pictures import folder_of, jpeg, picture, splits_of, write
from finetrust.core.errors import UserError
from finetrust.data.boxes.box_checks import examine_boxes
from finetrust.data.dataset import Dataset
from finetrust.data.formats.coco_format import CocoFormat
from finetrust.data.source import DataOptions


def opened(source: Path) -> Dataset:
    assert CocoFormat().accepts(str(source))
    return CocoFormat().open(str(source), DataOptions())


def with_json(root: Path, change: Callable[[dict[str, Any]], None] = lambda raw: None) -> Path:
    raw = coco_of(save_pictures(root / "images", 3))
    change(raw)
    return save_json(root / "data.json", raw)


def problems(dataset: Dataset) -> list[tuple[str, str]]:
    return examine_boxes(dataset, [(48, 40)] * len(dataset))[1].mended


def test_files_are_the_splits(tmp_path: Path) -> None:
    dataset = opened(coco_folder(tmp_path))
    assert dataset.task == "detection"
    assert dataset.classes == ("dog", "cat")  # In the order of their ids.
    expected = {f"{i:03d}.jpg": o for i, o in enumerate([*OBJECTS, *OBJECTS])}
    found = {Path(i).name: o for i, o in boxes_of(dataset).items()}
    assert found == expected
    assert splits_of(dataset)["train2017/001.jpg"] == "train"
    assert splits_of(dataset)["val2017/004.jpg"] == "val"


def test_boxes_areas_and_crowds_are_those_of_pycocotools(tmp_path: Path) -> None:
    def crowd(raw: dict[str, Any]) -> None:
        raw["annotations"][1]["iscrowd"] = 1

    source = with_json(tmp_path, crowd)
    from pycocotools.coco import COCO

    reference = COCO(str(source))
    for id_, target in zip(opened(source).ids, opened(source).targets, strict=True):
        image = next(i for i in reference.imgs.values() if id_.endswith(i["file_name"]))
        known = reference.imgToAnns[image["id"]]
        boxes = np.array([a["bbox"] for a in known]).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        np.testing.assert_allclose(target.boxes, boxes)
        np.testing.assert_allclose(target.area, [a["area"] for a in known])
        assert target.crowd.tolist() == [bool(a["iscrowd"]) for a in known]
        assert target.numbers.tolist() == [a["id"] for a in known]
        assert target.size == (48, 40)


@pytest.mark.parametrize("place", ["", "images", "data", "train2017", "images/train2017"])
def test_images_are_found_where_they_usually_lie(tmp_path: Path, place: str) -> None:
    names = save_pictures(tmp_path / place, 3)
    save_json(tmp_path / "annotations" / "instances_train2017.json", coco_of(names))
    dataset = opened(tmp_path)
    assert dataset.ids[0] == f"{place}/000.jpg".lstrip("/")
    assert dataset.inputs[2].size == (48, 40)


def test_roboflow_lays_the_file_beside_the_images(tmp_path: Path) -> None:
    for seed, split in enumerate(("train", "valid", "test")):
        names = save_pictures(tmp_path / split, 3, 10 * seed)
        save_json(tmp_path / split / "_annotations.coco.json", coco_of(names))
    assert sorted(set(splits_of(opened(tmp_path)).values())) == ["test", "train", "val"]
    assert opened(tmp_path / "train" / "_annotations.coco.json").ids[0] == "000.jpg"


def test_other_kinds_of_annotations_are_left_out(tmp_path: Path) -> None:
    coco_folder(tmp_path)
    captions = {"images": [], "annotations": [{"image_id": 1, "caption": "a cat"}]}
    save_json(tmp_path / "annotations" / "captions_train2017.json", captions)
    assert any("captions_train2017.json" in note for note in opened(tmp_path).notes)


def test_two_files_of_one_split_are_refused(tmp_path: Path) -> None:
    coco_folder(tmp_path)
    save_json(tmp_path / "annotations" / "other_train.json", coco_of([]))
    with pytest.raises(UserError, match=r"other_train.json.*are both of the split train"):
        opened(tmp_path)


def test_a_file_among_others_must_say_its_split(tmp_path: Path) -> None:
    coco_folder(tmp_path)
    save_json(tmp_path / "annotations" / "all.json", coco_of([]))
    with pytest.raises(UserError, match=r"all.json: the name does not say which split"):
        opened(tmp_path)


def test_images_without_objects_stay(tmp_path: Path) -> None:
    empty = opened(with_json(tmp_path)).targets[2]
    assert len(empty) == 0
    assert empty.boxes.shape == (0, 4)


def test_a_missing_image_is_reported_where_it_is_listed(tmp_path: Path) -> None:
    source = with_json(tmp_path)
    (tmp_path / "images" / "001.jpg").unlink()
    dataset = opened(source)
    with pytest.raises(FileNotFoundError, match=r"data.json, image 2: there is no file .*001.jpg"):
        dataset.inputs.content(dataset.ids.index("images/001.jpg"))


def test_without_any_image_it_is_refused(tmp_path: Path) -> None:
    source = save_json(tmp_path / "data.json", coco_of(["a.jpg", "b.jpg", "c.jpg"]))
    with pytest.raises(UserError, match=r"none of the 3 images exists, data.json, image 1"):
        opened(source)


def test_images_that_are_not_listed_are_told(tmp_path: Path) -> None:
    source = with_json(tmp_path)
    write(tmp_path / "images" / "extra.jpg", jpeg(picture(9)))
    assert (
        "data.json: left out 1 image that it does not list: images/extra.jpg"
        in opened(source).notes
    )


def test_a_path_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "secret.jpg", jpeg(picture(9)))

    def lead_out(raw: dict[str, Any]) -> None:
        raw["images"][0]["file_name"] = "../../secret.jpg"
        raw["images"][1]["file_name"] = str(write(tmp_path / "other.jpg", jpeg(picture(8))))

    dataset = opened(with_json(tmp_path / "inner", lead_out))
    _, findings = examine_boxes(dataset, [(48, 40)] * 3)
    assert "leads out of the folder" in findings.left_out[0]
    assert "leads out of the folder" in findings.left_out[1]


CASES: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (
        lambda raw: raw["annotations"][0].update(category_id=99),
        "annotation 100 has the unknown category_id 99 and was dropped",
    ),
    (
        lambda raw: raw["annotations"][0].update(bbox=[1, 2, 3]),
        "annotation 100 has no bbox of four numbers ([1, 2, 3]) and was dropped",
    ),
    (
        lambda raw: raw["annotations"][0].pop("bbox"),
        "annotation 100 has no bbox of four numbers (null) and was dropped",
    ),
    (
        lambda raw: raw["annotations"][1].update(id=100),
        "annotation 100 has an id that an earlier one has, and is used as it is",
    ),
    (
        lambda raw: raw["annotations"][0].update(bbox=[1, 2, 0, 5]),
        "annotation 100 ('cat') is empty or inverted (1, 2, 1, 7) and was dropped",
    ),
    (
        lambda raw: raw["annotations"][0].update(bbox=[60, 2, 5, 5]),
        "annotation 100 ('cat') lies outside the image (60, 2, 65, 7) and was dropped",
    ),
    (
        lambda raw: raw["annotations"][0].update(bbox=[40, 2, 15, 5]),
        "annotation 100 ('cat') reaches 7.0 pixels over the border and was cut there",
    ),
    (
        lambda raw: raw["annotations"][0].update(bbox=[float("nan"), 2, 15, 5]),
        "annotation 100 ('cat') has corners that are no numbers (nan, 2, nan, 7) and was dropped",
    ),
]


@pytest.mark.parametrize(("change", "told"), CASES)
def test_what_is_wrong_with_a_box_is_told(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    assert problems(opened(with_json(tmp_path, change))) == [("images/000.jpg", told)]


def test_annotations_of_unlisted_images_are_told(tmp_path: Path) -> None:
    source = with_json(tmp_path, lambda raw: raw["annotations"][0].update(image_id=999))
    told = "left out 1 annotation of an image that is not listed: annotation 100 (image_id 999)"
    assert f"data.json: {told}" in opened(source).notes


def test_images_without_a_name_are_told(tmp_path: Path) -> None:
    source = with_json(tmp_path, lambda raw: raw["images"].append({"id": 1}))
    assert "data.json: left out 1 image without a file_name: entry 4" in opened(source).notes


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda raw: raw["images"][1].update(id=50), r"images 1 .* and 2 .* have the same id 50"),
        (lambda raw: raw["images"][1].update(file_name="000.jpg"), "images 1 and 2 of the list bo"),
        (lambda raw: raw.pop("categories"), "expected a list 'categories', found nothing"),
        (lambda raw: raw.update(images={}), "expected a list 'images', found dict"),
        (lambda raw: raw["images"].append(3), "entry 4 of 'images' is no object, but int"),
        (lambda raw: raw["categories"][1].update(id=7), "category id 7 stands for 'cat' and for"),
        (lambda raw: raw["categories"][1].update(name="cat"), "two categories are called 'cat'"),
        (lambda raw: raw["categories"][1].pop("name"), "category 2 has no id or no name"),
        (lambda raw: raw["images"][2].pop("id"), r"image 3 \(002.jpg\) has no id"),
    ],
)
def test_what_leaves_the_file_unusable_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        opened(with_json(tmp_path, change))


def test_broken_json_is_refused_with_its_line(tmp_path: Path) -> None:
    source = with_json(tmp_path)
    text = json.dumps(json.loads(source.read_text()), indent=1)
    source.write_text(text[: text.index('"annotations"') + 30])
    with pytest.raises(UserError, match=r"data.json, line \d+: not JSON \("):
        opened(source)


def test_other_json_is_of_other_formats(tmp_path: Path) -> None:
    accepts = CocoFormat().accepts
    assert not accepts(str(save_json(tmp_path / "a.json", [{"text": "images", "label": 1}])))
    assert not accepts(str(folder_of(tmp_path / "b", {"cat": 1})))
    assert not accepts(str(tmp_path / "absent.json"))
