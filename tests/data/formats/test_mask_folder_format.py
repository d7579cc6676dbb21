from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.mask_folders import mask_folder, mask_of, pair, save_mask
from data.pictures import folder_of, jpeg, picture, splits_of, write
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.formats.mask_folder_format import MaskFolderFormat
from finetrust.data.masks.masks import IGNORE
from finetrust.data.source import DataOptions

COLOURS = np.array([[0, 0, 0], [128, 64, 128], [10, 200, 30], [224, 224, 192]], np.uint8)


def opened(root: Path, **options: int) -> Dataset:
    assert MaskFolderFormat().accepts(str(root))
    return MaskFolderFormat().open(str(root), DataOptions(**options))


def test_images_and_masks_of_a_name_belong_together(tmp_path: Path) -> None:
    dataset = opened(mask_folder(tmp_path))
    assert dataset.task == "segmentation"
    assert dataset.ids == ("images/00.jpg", "images/01.jpg", "images/02.jpg")
    assert dataset.classes == ("0", "1", "2")
    for seed, mask in enumerate(dataset.targets):
        np.testing.assert_array_equal(mask.read(), mask_of(seed))
        assert mask.read().dtype == np.uint8
        assert mask.read().shape[::-1] == dataset.inputs[seed].size


@pytest.mark.parametrize("below", [False, True])
def test_splits_may_stand_above_or_below(tmp_path: Path, below: bool) -> None:
    for split in ("train", "valid", "test"):
        folders = {"images": f"images/{split}", "masks": f"masks/{split}"} if below else {}
        pair(tmp_path if below else tmp_path / split, "a", mask_of(len(split)), **folders)
    assert sorted(splits_of(opened(tmp_path)).values()) == ["test", "train", "val"]


def test_voc_lists_give_the_splits(tmp_path: Path) -> None:
    for number, name in enumerate("abcd"):
        folders = {"images": "JPEGImages", "masks": "SegmentationClass"}
        pair(tmp_path, name, mask_of(number), number, **folders)
    for split, names in {"train": "a\nc\n", "val": "b", "trainval": "a\nb\nc"}.items():
        write(tmp_path / "ImageSets" / "Segmentation" / f"{split}.txt", names.encode())
    dataset = opened(tmp_path)
    assert [splits_of(dataset)[f"JPEGImages/{name}.jpg"] for name in "abc"] == [
        "train",
        "val",
        "train",
    ]
    assert len(dataset) == 3
    assert "1 images in no list of splits were left out" in dataset.notes


def test_a_name_in_two_lists_is_refused(tmp_path: Path) -> None:
    pair(tmp_path, "a", mask_of(0), images="JPEGImages", masks="SegmentationClass")
    for split in ("train", "val"):
        write(tmp_path / "ImageSets" / "Segmentation" / f"{split}.txt", b"a")
    with pytest.raises(UserError, match=r"'a' is listed for train and for val"):
        opened(tmp_path)


def test_the_palette_index_is_the_class(tmp_path: Path) -> None:
    pair(tmp_path, "a", mask_of(0))
    save_mask(tmp_path / "masks" / "a.png", mask_of(0), palette=COLOURS.ravel().tolist())
    assert Image.open(tmp_path / "masks" / "a.png").mode == "P"
    np.testing.assert_array_equal(opened(tmp_path).targets[0].read(), mask_of(0))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "sky 0 0 0\nroad 128 64 128\ntall tree 10 200 30\n"),
        ("label_colors.txt", "0 0 0\tsky\n128 64 128\troad\n10 200 30\ttall tree\n"),
        ("class_dict.csv", "name,r,g,b\nsky,0,0,0\nroad,128,64,128\ntall tree,10,200,30\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nsky:0,0,0::\nroad:128,64,128::\n"
         "tall tree:10,200,30::\n"),
        ("colormap.json", '{"sky": [0, 0, 0], "road": [128, 64, 128], "tall tree": [10, 200, 30]}'),
        ("classes.json", '[{"name": "sky", "color": [0, 0, 0]}, {"name": "road", "color": '
         '[128, 64, 128]}, {"name": "tall tree", "color": [10, 200, 30]}]'),
    ],
)  # fmt: skip
def test_colours_are_classes_as_the_file_beside_them_says(
    tmp_path: Path, file: str, text: str
) -> None:
    pair(tmp_path, "a", COLOURS[mask_of(0, (0, 1, 2, 3))])
    (tmp_path / file).write_text(text)
    dataset = opened(tmp_path)
    assert dataset.classes == ("sky", "road", "tall tree")
    expected = np.where(mask_of(0, (0, 1, 2, 3)) == 3, IGNORE, mask_of(0, (0, 1, 2, 3)))
    np.testing.assert_array_equal(dataset.targets[0].read(), expected)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "sky\ntall tree\nroad 2\n"),
        ("codes.txt", "0 sky\n1 tall tree\n2 road 2\n"),
        ("classes.json", '["sky", "tall tree", "road 2"]'),
        ("classes.json", '{"sky": 0, "tall tree": 1, "road 2": 2}'),
        ("classes.json", '{"0": "sky", "1": "tall tree", "2": "road 2"}'),
        ("classes.json", '{"classes": ["sky", "tall tree", "road 2"]}'),
    ],
)
def test_names_come_from_the_file_beside(tmp_path: Path, file: str, text: str) -> None:
    mask_folder(tmp_path)
    (tmp_path / file).write_text(text)
    if file == "codes.txt":
        text = text.replace(" 2\n", "\n")
        (tmp_path / file).write_text(text)
    names = ("sky", "tall tree", "road" if file == "codes.txt" else "road 2")
    assert opened(tmp_path).classes == names


def test_the_ignored_value_is_no_class(tmp_path: Path) -> None:
    pair(tmp_path, "a", mask_of(0, (0, 1, 2, 255)))
    (tmp_path / "classes.txt").write_text("sky\nvoid\nroad\n")
    dataset = opened(tmp_path, ignore_index=1)
    assert dataset.classes == ("sky", "road")
    expected = np.array([0, IGNORE, 1] + [IGNORE] * 253, np.uint8)[mask_of(0, (0, 1, 2, 255))]
    np.testing.assert_array_equal(dataset.targets[0].read(), expected)


def test_an_ignored_colour_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    pair(tmp_path, "a", COLOURS[mask_of(0)])
    (tmp_path / "classes.txt").write_text("void 0 0 0\nroad 128 64 128\ntree 10 200 30\n")
    dataset = opened(tmp_path, ignore_index=0)
    assert dataset.classes == ("road", "tree")
    np.testing.assert_array_equal(
        dataset.targets[0].read(), np.array([IGNORE, 0, 1], np.uint8)[mask_of(0)]
    )


def test_what_lacks_its_partner_is_left_out_and_named(tmp_path: Path) -> None:
    mask_folder(tmp_path)
    write(tmp_path / "images" / "lonely.jpg", jpeg(picture(9)))
    save_mask(tmp_path / "masks" / "orphan.png", mask_of(9))
    save_mask(tmp_path / "masks" / "orphan2.png", mask_of(9))
    notes = opened(tmp_path).notes
    assert "1 image with no mask was left out: images/lonely.jpg" in notes
    assert "2 masks with no image were left out: masks/orphan.png, masks/orphan2.png" in notes


def test_masks_may_carry_an_ending(tmp_path: Path) -> None:
    mask_folder(tmp_path)
    for path in (tmp_path / "masks").iterdir():
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    assert len(opened(tmp_path)) == 3


def test_deeper_folders_are_paired_too(tmp_path: Path) -> None:
    pair(tmp_path, "city/a", mask_of(0))
    assert opened(tmp_path).ids == ("images/city/a.jpg",)


def test_masks_in_jpeg_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "images" / "a.jpg", jpeg(picture(0)))
    write(tmp_path / "masks" / "a.jpg", jpeg(picture(0)))
    with pytest.raises(UserError, match=r"masks/a.jpg: a mask in JPEG.*Save the masks as PNG"):
        opened(tmp_path)


def test_colours_without_a_list_are_refused_by_name(tmp_path: Path) -> None:
    pair(tmp_path, "a", COLOURS[mask_of(0)])
    with pytest.raises(UserError, match=r"in colours.*a.png holds \(0, 0, 0\), \(10, 200, 30\)"):
        opened(tmp_path)


def test_masks_of_0_and_255_need_to_be_explained(tmp_path: Path) -> None:
    pair(tmp_path, "a", mask_of(0, (0, 255)))
    with pytest.raises(UserError, match="0 and 255 only, and 255 stands for pixels to ignore"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lists no class"),
        ("sky\nsky\n", "name 'sky' is listed twice"),
        ("sky 0 0 0\nroad 0 0 0\n", r"colour \(0, 0, 0\) is listed twice"),
        ("sky 0 0 0\nroad\n", "class 'road' has no colour, others have"),
        ("sky 0 0 300\nroad 1 1 1\n", r"\(0, 0, 300\) is no colour"),
    ],
)
def test_a_faulty_list_is_refused(tmp_path: Path, text: str, said: str) -> None:
    mask_folder(tmp_path)
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(UserError, match=said):
        opened(tmp_path)


def test_other_folders_are_of_other_formats(tmp_path: Path) -> None:
    accepts = MaskFolderFormat().accepts
    assert not accepts(str(folder_of(tmp_path / "a", {"cat": 1, "dog": 1})))
    write(tmp_path / "b" / "images" / "x.jpg", jpeg(picture(0)))
    write(tmp_path / "b" / "labels" / "x.txt", b"0 0.5 0.5 0.1 0.1")
    assert not accepts(str(tmp_path / "b"))
    write(tmp_path / "c" / "JPEGImages" / "x.jpg", jpeg(picture(0)))
    write(tmp_path / "c" / "Annotations" / "x.xml", b"<annotation/>")
    assert not accepts(str(tmp_path / "c"))
    assert not accepts(str(tmp_path / "absent"))


def test_camvid_opens_with_its_splits(shared: Path) -> None:
    dataset = opened(shared / "camvid", ignore_index=11)
    assert [list(dataset.splits).count(split) for split in ("train", "val", "test")] == [80, 25, 40]
    assert dataset.classes == tuple(map(str, range(11)))
