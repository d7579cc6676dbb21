"""Image files that something lists: rows of a table, annotations."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from finetrust.data.images.image_files import ImageFiles


class ListedImages(ImageFiles):
    """Image files; a missing one is reported with where it is listed.

    Parameters
    ----------
    paths : sequence of Path (n,)
    listed : sequence of str (n,)
        Where each is listed, e.g. ``"row 17"``.
    """

    def __init__(self, paths: Sequence[Path], listed: Sequence[str]) -> None:
        super().__init__(paths)
        self.listed = list(listed)

    def __getitem__(self, index: int) -> Image.Image:
        try:
            return super().__getitem__(index)
        except FileNotFoundError as error:
            raise self._missing(index) from error

    def content(self, index: int) -> bytes:
        try:
            return super().content(index)
        except (FileNotFoundError, ValueError) as error:
            raise self._missing(index) from error

    def _missing(self, index: int) -> FileNotFoundError:
        name = str(self.paths[index]).replace("\0", "\\0")
        return FileNotFoundError(f"{self.listed[index]}: there is no file {name}")
