import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from data.pictures import folder_of
from finetrust.core.errors import UserError
from finetrust.data.source import open_dataset


def write_mnist(root: Path, n: int) -> None:
    """Write real handwritten digits in the file format of MNIST."""
    digits = load_digits()
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, start in (("train", 0), ("t10k", n)):
        rows = slice(start, start + n)
        pixels = (
            (digits.images[rows] * 15).astype(np.uint8).repeat(4, 1).repeat(4, 2)[:, 2:30, 2:30]
        )
        shape = struct.pack(">4I", 2051, n, 28, 28)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(shape + pixels.tobytes())
        labels = digits.target[rows].astype(np.uint8).tobytes()
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, n) + labels)
        for file in raw.glob(f"{name}*ubyte"):
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path))
    return tmp_path / "datasets"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib import request
    from urllib.error import URLError

    def refuse(*args: object, **kwargs: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr(request, "urlopen", refuse)


def test_a_data_set_in_the_cache_opens_without_a_network(root: Path, no_network: None) -> None:
    write_mnist(root / "mnist", n=20)
    dataset = open_dataset("mnist")
    assert dataset.splits.tolist() == ["train"] * 20 + ["test"] * 20
    assert dataset.ids[20] == "test/000000"
    assert dataset.targets.tolist() == load_digits().target[:40].tolist()
    assert dataset.classes[3] == "3 - three"
    assert dataset.inputs[25].size == (28, 28)
    assert dataset.inputs[25].tobytes() != dataset.inputs[5].tobytes()


def test_a_data_set_of_files_is_read_from_the_files(root: Path, no_network: None) -> None:
    folder_of(root / "eurosat" / "eurosat" / "2750", {"Forest": 2, "River": 1})
    dataset = open_dataset("torchvision:eurosat")
    assert dataset.classes == ("Forest", "River")
    assert set(dataset.splits.tolist()) == {""}
    assert dataset.inputs.location(0) == root / "eurosat/eurosat/2750/Forest/000.jpg"


def test_class_names_are_found_however_they_are_kept(root: Path, no_network: None) -> None:
    images = root / "imagenette" / "imagenette2"
    folders = {
        f"{split}/{wnid}": 0 for split in ("train", "val") for wnid in ("n01440764", "n03888257")
    }
    folder_of(images, folders)
    for number, folder in enumerate(folders):
        folder_of(images, {folder: 1}, seed=number)
        (images / folder / "000.jpg").rename(images / folder / "a.JPEG")
    dataset = open_dataset("imagenette")
    assert dataset.classes == ("tench", "parachute")
    assert dataset.splits.tolist() == ["train", "train", "val", "val"]


def test_without_a_network_the_error_says_how_to_get_it_by_hand(
    root: Path, no_network: None
) -> None:
    with pytest.raises(UserError) as caught:
        open_dataset("cifar10")
    message = str(caught.value)
    assert "Name or service not known" in message
    assert "torchvision.datasets.CIFAR10('cifar10', train=True, download=True)" in message
    assert f"copy that folder to {root / 'cifar10'}" in message
    assert "\n" not in message


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match=r"no data set 'cifar11'.*Did you mean 'cifar10"):
        open_dataset("torchvision:cifar11")


def test_every_known_data_set_is_there_with_these_arguments() -> None:
    import inspect

    from torchvision import datasets

    from finetrust.data.formats.torchvision_format import _KINDS

    for kind in _KINDS.values():
        known = inspect.signature(getattr(datasets, kind.name).__init__).parameters
        for arguments in kind.splits.values():
            assert "kwargs" in known or {"root", "download", *arguments} <= set(known), kind
