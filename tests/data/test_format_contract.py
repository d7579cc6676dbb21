"""What holds for the data sets of every format."""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.pictures import folder_of
from data.test_huggingface_format import saved_to_disk
from data.test_torchvision_format import write_mnist
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.source import formats, open_dataset


def _table(folder: Path) -> str:
    folder_of(folder, {"p": 2})
    (folder / "data.csv").write_text("path,label\np/000.jpg,a\np/001.jpg,b\n")
    return str(folder / "data.csv")


def _mnist(folder: Path) -> str:
    write_mnist(folder / "datasets" / "mnist", n=12)
    return "mnist"


EXAMPLES: dict[str, Callable[[Path], str]] = {
    "digits": lambda folder: "digits",
    "folder": lambda folder: str(folder_of(folder, {"train/a": 2, "train/b": 1, "test/a": 1})),
    "huggingface": lambda folder: f"hf:{saved_to_disk(folder)}",
    "table": _table,
    "torchvision": _mnist,
}


@pytest.fixture(params=sorted(formats.names()))
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


def test_targets_are_class_indices_and_splits_have_our_names(dataset: Dataset) -> None:
    assert dataset.targets.dtype == np.int64
    assert set(dataset.targets.tolist()) <= set(range(len(dataset.classes)))
    assert set(dataset.splits.tolist()) <= {*SPLITS, ""}


def test_inputs_are_rgb_images_identified_by_their_content(dataset: Dataset) -> None:
    for i in (0, len(dataset) - 1):
        image = dataset.inputs[i]
        assert isinstance(image, Image.Image)
        assert image.mode == "RGB"
        assert dataset.inputs.content(i) == dataset.inputs.content(i)
    contents = {hashlib.sha256(dataset.inputs.content(i)).digest() for i in range(len(dataset))}
    assert len(contents) == len(dataset)


def test_content_is_that_of_the_file_where_there_is_one(dataset: Dataset) -> None:
    location = dataset.inputs.location(0)
    assert location is None or location.read_bytes() == dataset.inputs.content(0)


def test_a_worker_process_can_get_a_copy(dataset: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.inputs.content(0) == dataset.inputs.content(0)
    assert list(copy.inputs[0].getdata()) == list(dataset.inputs[0].getdata())
