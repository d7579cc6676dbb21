"""A folder of class folders with images."""

from pathlib import Path

from finetrust.data.dataset import Dataset
from finetrust.data.formats.class_folders import read_class_folders
from finetrust.data.images.image_files import SUFFIXES, ImageFiles
from finetrust.data.source import DataOptions, formats


class FolderFormat:
    """``class/x.jpg`` or ``train/class/x.jpg``; images may lie deeper inside a class folder."""

    rank = 2
    noun = "a folder of images"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        return Path(name).expanduser().is_dir()

    def open(self, name: str, options: DataOptions) -> Dataset:
        found = read_class_folders(name, SUFFIXES, "image", "images", "x.jpg")
        return Dataset(
            name=name,
            ids=found.ids,
            inputs=ImageFiles(found.paths),
            targets=found.targets,
            classes=found.classes,
            splits=found.splits,
            notes=found.notes,
        )


formats.add("folder", FolderFormat())
