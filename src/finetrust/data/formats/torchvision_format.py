"""torchvision's labelled data sets by lower-case name, downloaded once into the cache."""

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.core.cache import cache_root
from finetrust.core.download import impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.progress import say
from finetrust.data.dataset import Dataset, Inputs
from finetrust.data.images.image_files import ImageFiles, to_rgb
from finetrust.data.source import DataOptions, formats

PREFIX = "torchvision:"


@dataclass(frozen=True)
class _Kind:
    """The class in ``torchvision.datasets``, and its arguments for each split."""

    name: str
    splits: Mapping[str, Mapping[str, Any]]


def _by_flag(name: str, **fixed: Any) -> _Kind:
    return _Kind(name, {"train": {"train": True, **fixed}, "test": {"train": False, **fixed}})


def _by_name(name: str, **theirs: str) -> _Kind:
    return _Kind(name, {ours: {"split": split} for ours, split in theirs.items()})


_KINDS = {
    "caltech101": _Kind("Caltech101", {"": {}}),
    "caltech256": _Kind("Caltech256", {"": {}}),
    "cifar10": _by_flag("CIFAR10"),
    "cifar100": _by_flag("CIFAR100"),
    "country211": _by_name("Country211", train="train", val="valid", test="test"),
    "dtd": _by_name("DTD", train="train", val="val", test="test"),
    "emnist": _by_flag("EMNIST", split="balanced"),
    "eurosat": _Kind("EuroSAT", {"": {}}),
    "fashionmnist": _by_flag("FashionMNIST"),
    "fgvcaircraft": _by_name("FGVCAircraft", train="train", val="val", test="test"),
    "flowers102": _by_name("Flowers102", train="train", val="val", test="test"),
    "food101": _by_name("Food101", train="train", test="test"),
    "gtsrb": _by_name("GTSRB", train="train", test="test"),
    "imagenette": _by_name("Imagenette", train="train", val="val"),
    "kmnist": _by_flag("KMNIST"),
    "mnist": _by_flag("MNIST"),
    "oxfordiiitpet": _by_name("OxfordIIITPet", train="trainval", test="test"),
    "renderedsst2": _by_name("RenderedSST2", train="train", val="val", test="test"),
    "stanfordcars": _by_name("StanfordCars", train="train", test="test"),
    "stl10": _by_name("STL10", train="train", test="test"),
    "sun397": _Kind("SUN397", {"": {}}),
    "svhn": _by_name("SVHN", train="train", test="test"),
    "usps": _by_flag("USPS"),
}


class TorchvisionFormat:
    """``cifar10`` or ``torchvision:cifar10``; the splits are those that the data set names."""

    rank = 4
    noun = "a data set of torchvision"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return list(_KINDS)

    def accepts(self, name: str) -> bool:
        return name.startswith(PREFIX) or name in _KINDS

    def open(self, name: str, options: DataOptions) -> Dataset:
        plain = name.removeprefix(PREFIX)
        if plain not in _KINDS:
            raise UserError(
                f"torchvision has no data set '{plain}' that finetrust knows",
                f"{did_you_mean(plain, _KINDS)} Known: {', '.join(_KINDS)}.".strip(),
            )
        root = cache_root() / "datasets" / plain
        parts = {split: _load(_KINDS[plain], split, root) for split in _KINDS[plain].splits}
        n = {split: len(part) for split, part in parts.items()}
        targets = np.concatenate([_targets(part) for part in parts.values()])
        return Dataset(
            name=name,
            ids=tuple(_ids(parts, root)),
            inputs=_inputs(parts),
            targets=targets,
            classes=_classes(next(iter(parts.values())), int(targets.max()) + 1),
            splits=np.concatenate([np.full(n[split], split) for split in parts]),
        )


formats.add("torchvision", TorchvisionFormat())


def _load(kind: _Kind, split: str, root: Path) -> Any:
    """Return the data set in `root`, downloaded if it is not there.

    Raises
    ------
    UserError
        If it is not there and cannot be downloaded.
    """
    from torchvision import datasets

    make = getattr(datasets, kind.name)
    arguments = kind.splits[split]
    root.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Exception):
        return make(str(root), **arguments)
    say(f"Downloading {kind.name} into {root} ...")
    try:
        with impatient(), contextlib.redirect_stdout(io.StringIO()):
            return make(str(root), download=True, **arguments)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        call = "".join(f"{key}={value!r}, " for key, value in arguments.items())
        raise UserError(
            f"torchvision could neither read {kind.name} from {root} nor download it ({reason})",
            f"Where there is a network, run torchvision.datasets.{kind.name}('{root.name}', {call}"
            f"download=True) in Python, and copy that folder to {root}.",
        ) from error


def _targets(part: Any) -> np.ndarray:
    for attribute in ("targets", "labels", "_labels", "y"):
        found = getattr(part, attribute, None)
        if found is not None:
            return np.asarray(found, dtype=np.int64)
    return np.array([label for _, label in part._samples], dtype=np.int64)


def _files(part: Any) -> list[Path] | None:
    """Return the image files in the order of the items, or None if they are held in memory."""
    for attribute in ("_image_files", "_images"):
        if hasattr(part, attribute):
            return [Path(file) for file in getattr(part, attribute)]
    for attribute in ("samples", "_samples"):
        if hasattr(part, attribute):
            return [Path(file) for file, _ in getattr(part, attribute)]
    return None


def _ids(parts: Mapping[str, Any], root: Path) -> Iterator[str]:
    for split, part in parts.items():
        files = _files(part)
        if files is None:
            yield from (f"{split or 'all'}/{i:06d}" for i in range(len(part)))
        else:
            yield from (file.relative_to(root).as_posix() for file in files)


def _inputs(parts: Mapping[str, Any]) -> Inputs:
    files = [_files(part) for part in parts.values()]
    if any(found is None for found in files):
        return _Pictures(list(parts.values()))
    return ImageFiles([file for found in files if found is not None for file in found])


def _classes(part: Any, n: int) -> tuple[str, ...]:
    names = getattr(part, "classes", None) or getattr(part, "categories", None)
    if not names:
        width = len(str(n - 1))
        return tuple(f"{i:0{width}d}" for i in range(n))
    return tuple(name if isinstance(name, str) else name[0] for name in names)


class _Pictures:
    """Inputs that torchvision's data sets yield, one data set after the other."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = list(parts)
        self._starts = np.cumsum([0, *map(len, parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> Image.Image:
        number = int(np.searchsorted(self._starts, index, side="right")) - 1
        picture, _ = self._parts[number][index - int(self._starts[number])]
        return to_rgb(picture)

    def content(self, index: int) -> bytes:
        return self[index].tobytes()

    def location(self, index: int) -> None:
        return None
