from pathlib import Path

import pytest

from data.pictures import folder_of, jpeg, labels_of, picture, splits_of, write
from finetrust.core.errors import UserError
from finetrust.data.source import open_dataset


def test_class_folders_give_labels_and_no_splits(tmp_path: Path) -> None:
    dataset = open_dataset(folder_of(tmp_path, {"dog": 2, "cat": 1}))
    assert dataset.classes == ("cat", "dog")
    assert labels_of(dataset) == {"cat/000.jpg": "cat", "dog/000.jpg": "dog", "dog/001.jpg": "dog"}
    assert set(splits_of(dataset).values()) == {""}


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Validation", "dev"])
def test_split_folders_give_splits_under_any_usual_name(tmp_path: Path, validation: str) -> None:
    folder_of(tmp_path, {"train/cat": 1, "train/dog": 1, f"{validation}/cat": 1, "test/dog": 1})
    dataset = open_dataset(tmp_path)
    assert sorted(splits_of(dataset).values()) == ["test", "train", "train", "val"]
    assert splits_of(dataset)[f"{validation}/cat/000.jpg"] == "val"


def test_classes_are_those_of_all_splits_together(tmp_path: Path) -> None:
    dataset = open_dataset(folder_of(tmp_path, {"train/b": 1, "train/c": 1, "test/a": 1}))
    assert dataset.classes == ("a", "b", "c")


def test_images_deeper_in_a_class_folder_belong_to_the_class(tmp_path: Path) -> None:
    dataset = open_dataset(folder_of(tmp_path, {"cat/indoor/2020": 1, "cat": 1, "dog": 1}))
    assert labels_of(dataset)["cat/indoor/2020/000.jpg"] == "cat"


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    dataset = open_dataset(folder_of(tmp_path, {"train": 2, "car": 2, "bus": 2}))
    assert dataset.classes == ("bus", "car", "train")


def test_hidden_files_and_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 1, "dog": 1})
    write(tmp_path / "cat" / ".DS_Store", b"")
    write(tmp_path / "cat" / "notes.txt", b"")
    write(tmp_path / "README.md", b"")
    write(tmp_path / ".git" / "x.jpg", b"")
    write(tmp_path / "stray.jpg", jpeg(picture(9)))
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 2
    assert dataset.notes == (
        "2 files that are no images were left out",
        "1 hidden file was left out",
        "1 image in the top folder was left out, not in a class folder",
    )


def test_an_unlabelled_test_folder_is_left_out_and_told(tmp_path: Path) -> None:
    folder_of(tmp_path, {"train/cat": 1, "train/dog": 1, "test": 3})
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 2
    assert "3 images in folder 'test' were left out, not in a class folder" in dataset.notes


def test_a_folder_beside_the_splits_is_left_out_and_told(tmp_path: Path) -> None:
    dataset = open_dataset(folder_of(tmp_path, {"train/a": 1, "test/a": 1, "extra/a": 2}))
    assert len(dataset) == 2
    assert dataset.notes == ("2 images in folder 'extra' were left out, which is no split",)


def test_a_folder_with_other_files_only_is_no_class(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 1, "dog": 1})
    write(tmp_path / "annotations" / "cat.txt", b"")
    assert open_dataset(tmp_path).classes == ("cat", "dog")


def test_an_empty_class_folder_is_a_class(tmp_path: Path) -> None:
    dataset = open_dataset(folder_of(tmp_path, {"cat": 1, "dog": 1, "emu": 0}))
    assert dataset.classes == ("cat", "dog", "emu")


def test_a_link_back_to_a_folder_above_does_not_loop(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 1, "dog": 1})
    (tmp_path / "cat" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert len(open_dataset(tmp_path)) == 2


def test_a_linked_class_folder_is_followed(tmp_path: Path) -> None:
    folder_of(tmp_path, {"data/cat": 1, "elsewhere": 2})
    (tmp_path / "data" / "dog").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert len(open_dataset(tmp_path / "data")) == 3


def test_names_that_are_no_valid_text_can_be_told(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 1, "dog": 1})
    Path(f"{tmp_path}/cat/\udcff.jpg").write_bytes(jpeg(picture(5)))
    dataset = open_dataset(tmp_path)
    assert "cat/\\xff.jpg" in dataset.ids
    assert dataset.inputs[dataset.ids.index("cat/\\xff.jpg")].size == (48, 40)


def test_a_missing_folder_suggests_its_nearest_sibling(tmp_path: Path) -> None:
    folder_of(tmp_path, {"images/cat": 1, "images/dog": 1})
    with pytest.raises(UserError, match=r"imags does not exist\. Did you mean '.*/images'\?"):
        open_dataset(tmp_path / "imags")


def test_a_missing_folder_above_is_the_one_that_is_mended(tmp_path: Path) -> None:
    folder_of(tmp_path, {"images/train/cat": 1})
    with pytest.raises(UserError, match=r"Did you mean '.*/images'\?"):
        open_dataset(tmp_path / "imags" / "train")


def test_an_empty_folder_is_an_error_that_shows_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no images\. Expected .*CLASS/x\.jpg"):
        open_dataset(tmp_path)


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"")
    with pytest.raises(UserError, match=r"no images; 1 file that is no image was left out"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("place", [".", "train"])
def test_images_without_class_folders_are_an_error_with_the_mend(
    tmp_path: Path, place: str
) -> None:
    folder_of(tmp_path, {place: 3})
    with pytest.raises(UserError, match=r"3 images, but no class folders\. Put .*CLASS/x\.jpg"):
        open_dataset(tmp_path)


def test_a_folder_around_the_class_folders_is_pointed_at(tmp_path: Path) -> None:
    folder_of(tmp_path, {"images/cat": 1, "images/dog": 1})
    with pytest.raises(UserError, match=r"only one class folder, 'images'.* give .*/images\."):
        open_dataset(tmp_path)
