"""Texts and pairs of texts that are held in memory, as a table has them."""

from collections.abc import Sequence
from typing import Any

from finetrust.data.formats.tables import byte_of, undecoded

Text = str | tuple[str, str]

_SEPARATOR = "\x1f"
_SHOWN = 12


class Texts:
    """Inputs that are texts, or pairs of texts.

    Parameters
    ----------
    texts : sequence (n,)
        As they stand in a table: str, or None for nothing; bytes that were not UTF-8 as lone
        surrogates.
    pairs : sequence (n,), optional
        The second text of each pair.
    """

    def __init__(self, texts: Sequence[Any], pairs: Sequence[Any] | None = None) -> None:
        self._parts = [_plain(texts), *([] if pairs is None else [_plain(pairs)])]

    def __len__(self) -> int:
        return len(self._parts[0])

    def __getitem__(self, index: int) -> Text:
        """Return a text without white space around it; raises OSError where it cannot be used."""
        texts = tuple(part[index].strip() for part in self._parts)
        for text in texts:
            at = undecoded(text)
            if at is not None:
                before = text[:at].encode("utf-8", "surrogatepass")
                raise OSError(
                    f"byte {len(before)} of the text, {byte_of(text[at]):#04x} after "
                    f"'{text[max(0, at - _SHOWN) : at]}', is not UTF-8"
                )
            if not text:
                raise OSError("the text is empty" if len(texts) == 1 else "a text is empty")
        return texts[0] if len(texts) == 1 else (texts[0], texts[1])

    def content(self, index: int) -> bytes:
        text = _SEPARATOR.join(part[index].strip() for part in self._parts)
        return text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "surrogatepass")

    def location(self, index: int) -> None:
        return None


def _plain(values: Sequence[Any]) -> list[str]:
    return ["" if value is None else str(value) for value in values]


def _is_escaped(text: str) -> bool:
    return all(0xDC80 <= ord(c) <= 0xDCFF for c in text if 0xD800 <= ord(c) <= 0xDFFF)
