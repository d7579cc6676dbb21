"""Inputs that are texts cut into words."""

from collections.abc import Iterable, Sequence

Words = tuple[str, ...]

_SEPARATOR = "\x1f"


class WordInputs:
    """Texts as tuples of words, held in memory.

    Parameters
    ----------
    texts : iterable of sequence of str (n,)
    """

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        self._texts = [tuple(words) for words in texts]

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> Words:
        return self._texts[index]

    def content(self, index: int) -> bytes:
        return _SEPARATOR.join(self._texts[index]).encode("utf-8", "surrogatepass")

    def location(self, index: int) -> None:
        return None
