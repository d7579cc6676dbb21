"""A folder of class folders with text files."""

import os
from pathlib import Path

from finetrust.data.dataset import Dataset
from finetrust.data.formats.class_folders import read_class_folders, walk
from finetrust.data.images.image_files import SUFFIXES as IMAGES
from finetrust.data.source import DataOptions, formats
from finetrust.data.texts.text_files import SUFFIXES, TextFiles
from finetrust.data.texts.text_kind import TEXTS


class TextFolderFormat:
    """``class/x.txt`` or ``train/class/x.txt``, and no images anywhere."""

    rank = 1
    noun = "a folder of texts"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ("text-classification",)

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        root = Path(name).expanduser()
        return root.is_dir() and _holds_texts_alone(root)

    def open(self, name: str, options: DataOptions) -> Dataset:
        found = read_class_folders(name, SUFFIXES, "text", "texts", "x.txt")
        return Dataset(
            name=name,
            ids=found.ids,
            inputs=TextFiles(found.paths),
            targets=found.targets,
            classes=found.classes,
            splits=found.splits,
            notes=found.notes,
            task="text-classification",
            kind=TEXTS,
        )


formats.add("text folder", TextFolderFormat())


def _holds_texts_alone(root: Path) -> bool:
    texts = False
    for parts, _, files in walk(root):
        for file in files:
            suffix = os.path.splitext(file)[1].lower()  # noqa: PTH122 (ten times faster)
            if suffix in IMAGES:
                return False
            texts |= bool(parts) and suffix in SUFFIXES
    return texts
