from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.data.source import DataOptions, open_dataset

from ..pictures import folder_of, labels_of, splits_of


def texts(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"text number {number}", encoding="utf-8")
    return root


def test_class_folders_with_text_files_are_texts(tmp_path: Path) -> None:
    dataset = open_dataset(texts(tmp_path, "good/1.txt", "bad/1.txt", "bad/deep/2.TXT"))
    assert labels_of(dataset) == {"bad/1.txt": "bad", "bad/deep/2.TXT": "bad", "good/1.txt": "good"}
    assert (dataset.task, dataset.kind.name) == ("text-classification", "text")
    assert dataset.inputs[0] == "text number 1"
    assert dataset.inputs.location(0) == tmp_path / "bad/1.txt"


def test_split_folders_are_found(tmp_path: Path) -> None:
    names = ["train/a/1.txt", "train/b/2.txt", "test/a/3.txt", "unsup/4.txt"]
    dataset = open_dataset(texts(tmp_path, *names))
    assert splits_of(dataset) == {
        "test/a/3.txt": "test",
        "train/a/1.txt": "train",
        "train/b/2.txt": "train",
    }
    assert dataset.notes == ("1 text in folder 'unsup' was left out, which is no split",)


def test_a_folder_with_images_is_one_of_images_whatever_texts_lie_there(tmp_path: Path) -> None:
    folder_of(texts(tmp_path, "a/notes.txt"), {"a": 1, "b": 1})
    assert open_dataset(tmp_path).kind.name == "image"


def test_a_text_in_the_top_folder_alone_makes_no_set_of_texts(tmp_path: Path) -> None:
    folder_of(texts(tmp_path, "README.txt"), {"a": 1, "b": 1})
    assert open_dataset(tmp_path, DataOptions()).task == "classification"


def test_a_broken_text_is_an_oserror_that_names_the_byte(tmp_path: Path) -> None:
    texts(tmp_path, "a/1.txt", "b/2.txt")
    (tmp_path / "a" / "1.txt").write_bytes(b"caf\xe9")
    (tmp_path / "b" / "2.txt").write_bytes(b"\n")
    dataset = open_dataset(tmp_path)
    with pytest.raises(OSError, match="byte 3, 0xe9, is not UTF-8"):
        dataset.inputs[0]
    with pytest.raises(OSError, match="the text is empty"):
        dataset.inputs[1]


def test_texts_without_class_folders_are_an_error(tmp_path: Path) -> None:
    texts(tmp_path, "train/1.txt", "test/2.txt")
    with pytest.raises(UserError, match=r"2 texts, but no class folders"):
        open_dataset(tmp_path, DataOptions(task="text-classification"))
