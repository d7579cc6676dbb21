"""What holds for the data sets of every format."""

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.boxed_folders import coco_folder, voc_folder, yolo_folder
from data.formats.test_huggingface_format import saved_to_disk
from data.formats.test_torchvision_format import write_mnist
from data.mask_folders import mask_folder
from data.pictures import folder_of, write
from data.tagged_files import conll_file
from finetrust.core.errors import UserError
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.source import DataOptions, formats, open_dataset


def _table(folder: Path) -> str:
    folder_of(folder, {"p": 2})
    (folder / "data.csv").write_text("path,label\np/000.jpg,a\np/001.jpg,b\n")
    return str(folder / "data.csv")


def _mnist(folder: Path) -> str:
    write_mnist(folder / "datasets" / "mnist", n=12)
    return "mnist"


def _texts(folder: Path) -> str:
    for name in ("train/a/1.txt", "train/b/2.txt", "test/a/3.txt"):
        write(folder / name, f"the text {name}".encode())
    return str(folder)


EXAMPLES: dict[str, Callable[[Path], str]] = {
    "coco": lambda folder: str(coco_folder(folder)),
    "conll": lambda folder: str(conll_file(folder)),
    "digits": lambda folder: "digits",
    "folder": lambda folder: str(folder_of(folder, {"train/a": 2, "train/b": 1, "test/a": 1})),
    "huggingface": lambda folder: f"hf:{saved_to_disk(folder)}",
    "mask-folder": lambda folder: str(mask_folder(folder, {"train": 2, "val": 1})),
    "table": _table,
    "text folder": _texts,
    "torchvision": _mnist,
    "voc": lambda folder: str(voc_folder(folder)),
    "yolo": lambda folder: str(yolo_folder(folder)),
}


def test_every_format_is_held_to_the_contract() -> None:
    assert set(EXAMPLES) == set(formats.names())


GIVEN = {
    "path_column": "file",
    "label_column": "kind",
    "split_column": "fold",
    "group_columns": ("site",),
    "label_separator": ";",
    "text_column": "sentence",
    "text_pair_column": "second",
    "ignore_index": 7,
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_option_that_means_nothing_is_refused_and_left_out_where_meant_for_other_data(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path))
    source, known = EXAMPLES[name](tmp_path), formats.get(name)
    assert {*GIVEN, "task"} == {field.name for field in fields(DataOptions)}
    unheeded = {option: value for option, value in GIVEN.items() if option not in known.heeds}
    for option, value in unheeded.items():
        flag = f"--{option.replace('_', '-')}"
        with pytest.raises(UserError, match=rf"{flag}.* means nothing for {known.noun}\. Leave"):
            open_dataset(source, DataOptions(**{option: value}))
    meant_for_others = open_dataset(source, DataOptions(**unheeded), others=True)
    assert meant_for_others.ids == open_dataset(source).ids


@pytest.fixture(params=sorted(EXAMPLES))
def dataset(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Dataset:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path))
    return open_dataset(EXAMPLES[request.param](tmp_path))


def test_everything_has_one_entry_for_each_item(dataset: Dataset) -> None:
    n = len(dataset)
    assert n > 0
    assert len(set(dataset.ids)) == n
    assert len(dataset.inputs) == len(dataset.targets) == len(dataset.splits) == n
    assert all(len(values) == n for values in dataset.groups.values())


def test_targets_are_class_indices_or_one_object_an_item(dataset: Dataset) -> None:
    if dataset.task in ("classification", "text-classification"):
        assert dataset.targets.dtype == np.int64
        assert set(dataset.targets.tolist()) <= set(range(len(dataset.classes)))
    else:
        assert all(target is not None for target in dataset.targets)


def test_splits_have_our_names(dataset: Dataset) -> None:
    assert set(dataset.splits.tolist()) <= {*SPLITS, ""}


def test_the_kind_of_input_takes_every_input(dataset: Dataset) -> None:
    for i in range(len(dataset)):
        size, signature, figures = dataset.kind.inspect(dataset.inputs[i])
        assert all(extent > 0 for extent in size)
        assert len(signature) == dataset.kind.signature_bytes
        assert len(figures) == len(dataset.kind.properties)


def test_inputs_are_rgb_images_or_texts_identified_by_their_content(dataset: Dataset) -> None:
    for i in (0, len(dataset) - 1):
        value = dataset.inputs[i]
        if dataset.kind is IMAGES:
            assert isinstance(value, Image.Image)
            assert value.mode == "RGB"
        else:
            parts = value if isinstance(value, tuple) else (value,)
            assert all(isinstance(part, str) for part in parts)
        assert dataset.inputs.content(i) == dataset.inputs.content(i)
    contents = {hashlib.sha256(dataset.inputs.content(i)).digest() for i in range(len(dataset))}
    assert len(contents) == len(dataset)


def test_content_is_that_of_the_file_where_there_is_one(dataset: Dataset) -> None:
    location = dataset.inputs.location(0)
    assert location is None or location.read_bytes() == dataset.inputs.content(0)


def test_a_worker_process_can_get_a_copy(dataset: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.inputs.content(0) == dataset.inputs.content(0)
    assert copy.inputs[0] == dataset.inputs[0]
    assert copy.kind.name == dataset.kind.name
