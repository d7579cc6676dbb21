"""Texts as a kind of input: a str, a pair of texts, or the words of a text (tuples of str)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.input_kind import Found, Size
from finetrust.data.texts.text_files import SUFFIXES, read_text
from finetrust.data.texts.text_near_duplicates import SIGNATURE_BYTES, near_pairs, signature

Text = str | tuple[str, ...]

PAIR_SEPARATOR = "\t"


class TextKind:
    """Texts; their signatures are MinHash values of what is written in them."""

    name = "text"
    plural = "texts"
    unit = "words"
    signature_bytes = SIGNATURE_BYTES
    properties: tuple[str, ...] = ("words", "characters", "capitals")

    def inspect(self, value: Text) -> Found:
        text = joined_text(value)
        words = len(text.split())
        figures = (float(words), float(len(text)), _capitals(text))
        return (words,), signature(text).tobytes(), figures

    def near_pairs(self, signatures: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        return near_pairs(signatures, others)

    def size_text(self, size: Size) -> str:
        return str(size[0])

    def memory(self, value: Text) -> int:
        return sum(map(len, (value,) if isinstance(value, str) else value))

    def given(self, arguments: Sequence[str]) -> list[tuple[str, Callable[[], Text]]]:
        """Return the texts that are meant.

        An argument is the path of a text file, that of a folder with text files, or else a text
        itself; with a tab in it, a pair of texts.
        """
        found = [one for argument in arguments for one in _given(argument)]
        if not found:
            raise UserError(
                "no texts were given",
                f"Write texts in quotes, or name text files ({', '.join(sorted(SUFFIXES))}).",
            )
        return found


TEXTS = TextKind()


def joined_text(value: Text) -> str:
    """Return what is written in an input as one text: pairs and words with spaces between them."""
    return value if isinstance(value, str) else " ".join(value)


def _capitals(text: str) -> float:
    """Return the share of the letters that are capitals, of those that have such a form."""
    lower = sum(map(str.islower, text))
    upper = sum(map(str.isupper, text))
    return upper / max(lower + upper, 1)


def _given(argument: str) -> Iterator[tuple[str, Callable[[], Text]]]:
    if PAIR_SEPARATOR in argument:
        first, _, second = argument.partition(PAIR_SEPARATOR)
        yield argument, lambda: (first, second)
        return
    path = Path(argument)
    if _exists(path) and path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES):
            yield str(file), partial(read_text, file)
    elif path.suffix.lower() in SUFFIXES and _exists(path):
        yield str(path), partial(read_text, path)
    elif path.suffix.lower() in SUFFIXES and " " not in argument:
        raise UserError(f"{path}: no such file or folder", "Give existing files, or texts.")
    else:
        yield argument, lambda: argument


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a text may be too long for a file name
        return False
