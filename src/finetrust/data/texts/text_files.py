"""Texts that lie in files of their own, in UTF-8."""

from collections.abc import Sequence
from pathlib import Path

SUFFIXES = frozenset({".txt"})


def read_text(path: Path) -> str:
    """Return the text in a file, without the white space around it.

    Raises
    ------
    OSError
        If the file cannot be read, is not UTF-8 (the byte is named), or holds nothing.
    """
    return decoded(path.read_bytes())


def decoded(content: bytes) -> str:
    """Return the text that `content` encodes; raises OSError as :func:`read_text` does."""
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise OSError(f"byte {error.start}, {content[error.start]:#04x}, is not UTF-8") from error
    if not text:
        raise OSError("the text is empty")
    return text


class TextFiles:
    """Inputs that are text files.

    Parameters
    ----------
    paths : sequence of Path (n,)
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> str:
        return read_text(self.paths[index])

    def content(self, index: int) -> bytes:
        return self.paths[index].read_bytes()

    def location(self, index: int) -> Path:
        return self.paths[index]
