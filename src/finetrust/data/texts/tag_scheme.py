"""Tags of words and the entities that they name.

Ramshaw & Marcus, "Text Chunking using Transformation-Based Learning", 1995 (IOB1); Tjong Kim Sang &
Veenstra, "Representing Text Chunks", EACL 1999 (IOB2, IOE); Ratinov & Roth, "Design Challenges and
Misconceptions in Named Entity Recognition", CoNLL 2009 (BILOU).

Where an entity starts and ends is decided as by the evaluation script of CoNLL-2000 and by seqeval
in its default mode: an I-x that follows no x starts an entity.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import UserError

OUTSIDE = "O"
NO_TAG = -1
"""A word about which the model said nothing; it belongs to no entity."""

TagRows = Sequence[np.ndarray] | np.ndarray
"""Tags of the words of each text: int arrays (words,), in a sequence or an array of dtype object."""

_O, _B, _I, _E, _S = range(5)
_PREFIX = {"B": _B, "I": _I, "E": _E, "S": _S, "L": _E, "U": _S}
_TAG = re.compile(r"([BIESLU])(?:-(.+))?", re.DOTALL)
_UNNAMED = "entity"


@dataclass(frozen=True, eq=False)
class TagScheme:
    """What each tag says of a word.

    Parameters
    ----------
    types : tuple of str
        Names of the types of entities, sorted.
    prefix : int8 array (tags + 1,)
        Whether a word of a tag is outside, begins, is inside, ends or is an entity; the last entry
        is that of ``NO_TAG``.
    type_of : int64 array (tags + 1,)
        Index into `types`; -1 outside.
    name : str
        ``"IOB"``, ``"BIOES"``, ``"IO"`` (tags without a prefix; words of the same tag in a row are
        one entity) or ``"plain"`` (no tag stands for outside: every word is judged by itself).
    """

    types: tuple[str, ...]
    prefix: np.ndarray
    type_of: np.ndarray
    name: str


def scheme_of(tags: Sequence[str]) -> TagScheme:
    """Return what each of the `tags`, the classes of a data set, says of a word.

    Raises
    ------
    UserError
        If some of the tags have prefixes and others have none.
    """
    named = [tag for tag in tags if tag != OUTSIDE]
    parsed = {tag: match for tag in named if (match := _TAG.fullmatch(tag))}
    without = [tag for tag in named if tag not in parsed]
    if not any("-" in tag for tag in parsed) and without:
        parsed = {}
    elif without:
        raise UserError(
            f"tag '{without[0]}' has no prefix, others have one ('{next(iter(parsed))}')",
            f"Write B-{without[0]} or I-{without[0]}, or leave all prefixes out.",
        )
    inside = _I if OUTSIDE in tags else _S
    read = {
        tag: (_PREFIX[parsed[tag][1]], parsed[tag][2] or _UNNAMED) if parsed else (inside, tag)
        for tag in named
    }
    types = tuple(sorted({kind for _, kind in read.values()}))
    position = {kind: i for i, kind in enumerate(types)}
    prefix = [read[tag][0] if tag in read else _O for tag in tags]
    of_type = [position[read[tag][1]] if tag in read else -1 for tag in tags]
    without_prefixes = "IO" if OUTSIDE in tags else "plain"
    with_prefixes = "BIOES" if {_E, _S} & set(prefix) else "IOB"
    name = with_prefixes if parsed else without_prefixes
    return TagScheme(types, np.array([*prefix, _O], np.int8), np.array([*of_type, -1]), name)


@dataclass(frozen=True, eq=False)
class Entities:
    """Entities of several texts, in their order.

    Parameters
    ----------
    row, kind, start, stop : int64 arrays (entities,)
        The text, the type, the first word, and the first word after it.
    unopened : bool array (entities,)
        Whether the first word has a tag that begins nothing (I-x or E-x) though nothing of the type
        goes before.
    """

    row: np.ndarray
    kind: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    unopened: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def entities(texts: TagRows, scheme: TagScheme) -> Entities:
    """Return the entities that tags name.

    Parameters
    ----------
    texts : sequence of int array (words,)
        ``NO_TAG`` included.
    scheme : TagScheme
    """
    lengths = np.array([len(text) for text in texts], np.int64)
    # One word outside before every text and one at the very end keep the texts apart.
    first = np.cumsum(lengths + 1) - lengths
    flat = np.full(int(lengths.sum()) + len(texts) + 1, NO_TAG, np.int64)
    row = np.repeat(np.arange(len(texts)), lengths)
    at = np.arange(len(row)) + row + 1
    flat[at] = np.concatenate([np.asarray(t, np.int64) for t in texts]) if len(texts) else []
    prefix, kind = scheme.prefix[flat], scheme.type_of[flat]
    before, here = prefix[:-1], prefix[1:]
    other = kind[:-1] != kind[1:]
    closed = np.isin(before, (_O, _E, _S))
    opens = np.isin(here, (_B, _S))
    starts = opens | (np.isin(here, (_I, _E)) & (closed | other))
    begun_or_inside = np.isin(before, (_B, _I))
    stops = np.isin(before, (_E, _S)) | (begun_or_inside & (opens | (here == _O) | other))
    start, stop = np.flatnonzero(starts) + 1, np.flatnonzero(stops) + 1
    text = np.searchsorted(first, start, side="right") - 1
    unopened = ~np.isin(prefix[start], (_B, _S)) & (scheme.name not in ("IO", "plain"))
    return Entities(text, kind[start], start - first[text], stop - first[text], unopened)


def tags_of(found: Entities, lengths: Sequence[int], scheme: str) -> list[list[tuple[str, int]]]:
    """Return entities as prefix and type of each word: the inverse of :func:`entities`.

    Parameters
    ----------
    found : Entities
    lengths : sequence of int
        Words of each text.
    scheme : {"IOB", "BIOES", "IO", "plain"}

    Returns
    -------
    list of list of (str, int)
        ``("O", -1)`` outside.
    """
    tagged: list[list[tuple[str, int]]] = [[(OUTSIDE, -1)] * n for n in lengths]
    for row, kind, start, stop in zip(found.row, found.kind, found.start, found.stop, strict=True):
        for word in range(start, stop):
            tagged[row][word] = (_prefix(word == start, word == stop - 1, scheme), int(kind))
    return tagged


def _prefix(first: bool, last: bool, scheme: str) -> str:
    if scheme in ("IO", "plain"):
        return ""
    if scheme == "BIOES" and last:
        return "S" if first else "E"
    return "B" if first else "I"
