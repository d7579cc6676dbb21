"""Files with one word a line: CoNLL, BIO and CoNLL-U.

Tjong Kim Sang & De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003;
https://universaldependencies.org/format.html.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean

TAG = re.compile(r"O|[BIESLU]-\S+")
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_DOCUMENT = "-DOCSTART-"
_SEVERAL = re.compile(r"[BIESLU]-[^,]+(,[BIESLU]-[^,]+)+")
_SNIFFED = 50


@dataclass(frozen=True)
class TaggedText:
    """One text of a file.

    Parameters
    ----------
    line : int
        Where it starts, counted from 1.
    words, tags : tuple of str (words,)
    """

    line: int
    words: tuple[str, ...]
    tags: tuple[str, ...]


def read_tagged(file: Path, column: str | None = None) -> list[TaggedText]:
    """Return the texts of a file whose lines are words and their columns.

    Columns are separated by tabs, or where a file has none by spaces. The first is the word and the
    last its tag; in CoNLL-U the second and the fourth. Blank lines and ``-DOCSTART-`` lie between
    texts; a line before a text that starts with ``#`` and ends with what is no tag elsewhere is a
    remark.

    Parameters
    ----------
    file : Path
    column : str, optional
        The column of the tag: its number, counted from 1, or its name in CoNLL-U.

    Raises
    ------
    UserError
        For what cannot be read, with the number of the line.
    """
    lines = _lines(file)
    tabs = any("\t" in line for line in lines if line.strip())
    rows = [(number, _fields(line, tabs)) for number, line in enumerate(lines, start=1)]
    columns = _columns(file, [fields for _, fields in rows if fields], column)
    texts: list[TaggedText] = []
    text: list[tuple[int, str, str]] = []
    for number, fields in [*rows, (0, [])]:
        if not fields or fields[0] == _DOCUMENT:
            if text:
                numbers, words, tags = zip(*text, strict=True)
                texts.append(TaggedText(numbers[0], words, tags))
            text = []
        elif not columns.is_remark(fields, bool(text)):
            text.append((number, *_word_and_tag(f"{file}, line {number}", fields, columns)))
    if not texts:
        raise _no_words(file)
    return texts


def looks_tagged(file: Path) -> bool:
    """Return whether the first lines of a file are words with tags, as in CoNLL files."""
    try:
        with file.open("rb") as lines:
            head = [line.decode("utf-8-sig", "replace") for line in islice(lines, _SNIFFED)]
    except OSError:
        return False
    rows = [fields for line in head if (fields := _fields(line, "\t" in line))]
    rows = [fields for fields in rows if fields[0] != _DOCUMENT]
    widths = {len(fields) for fields in rows}
    return len(widths) == 1 and min(widths) > 1 and all(TAG.fullmatch(f[-1].strip()) for f in rows)


def _lines(file: Path) -> list[str]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error})", "Give a readable file.") from error
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    decoded = []
    for number, line in enumerate(lines, start=1):
        try:
            decoded.append(line.removesuffix(b"\r").decode("utf-8"))
        except UnicodeDecodeError as error:
            raise UserError(
                f"{file}, line {number}: not UTF-8 ({error.reason})", "Save the file as UTF-8."
            ) from error
    return decoded


def _fields(line: str, tabs: bool) -> list[str]:
    """Return the columns of a line; none of a blank one."""
    line = line.rstrip("\r\n")
    if not line.strip():
        return []
    # Not str.split(): a word may be a space of another kind, such as U+00A0.
    return line.split("\t") if tabs else [part for part in re.split(r"[ ]+", line) if part]


@dataclass(frozen=True)
class _Columns:
    """Where the word and the tag stand, how many columns there are, and the tags that occur."""

    word: int
    tag: int
    width: int
    tags: frozenset[str]
    is_conllu: bool

    def is_remark(self, fields: list[str], inside: bool) -> bool:
        """Return whether a line is none of a word; `inside` a text or before it."""
        if self.is_conllu:
            # Words that are written as one, and words that are not written at all, have such ids.
            return not fields[0].isdecimal()
        if inside or not fields[0].startswith("#"):
            return False
        return len(fields) != self.width or bool(self.tags and fields[self.tag] not in self.tags)


def _columns(file: Path, rows: list[list[str]], column: str | None) -> _Columns:
    """Return what the columns are, by the number that most lines have."""
    is_conllu = file.suffix.lower() == ".conllu"
    words = [fields for fields in rows if fields[0] != _DOCUMENT]
    widths = Counter(len(fields) for fields in words)
    if not widths:
        raise _no_words(file)
    width = max(widths, key=lambda width: (widths[width], width))
    if width == 1:
        raise UserError(
            f"{file}, line 1: a word without a tag",
            "Write one word and its tag a line, with a tab or a space between.",
        )
    word, tag = (1, 3) if is_conllu else (0, width - 1)
    if column is not None:
        tag = _column(file, column, width, is_conllu)
    if not 0 <= tag < width or tag == word:
        raise UserError(
            f"{file}: column {tag + 1} of {width} cannot be that of the tags",
            "Choose another with --label-column.",
        )
    plain = [f for f in words if len(f) == width and not f[0].startswith("#")]
    return _Columns(word, tag, width, frozenset(f[tag] for f in plain), is_conllu)


def _column(file: Path, column: str, width: int, is_conllu: bool) -> int:
    if is_conllu and column.lower() in _CONLLU:
        return _CONLLU.index(column.lower())
    if column.isdecimal():
        return int(column) - 1
    known = did_you_mean(column, _CONLLU) if is_conllu else ""
    raise UserError(
        f"{file}: there is no column '{column}'",
        known or f"Give its number with --label-column, 2 to {width}.",
    )


def _word_and_tag(where: str, fields: list[str], columns: _Columns) -> tuple[str, str]:
    if len(fields) == 1:
        raise UserError(f"{where}: a word without a tag", "Add its tag.")
    if len(fields) != columns.width:
        raise UserError(
            f"{where}: {len(fields)} columns, the other lines have {columns.width}",
            "Mend the line.",
        )
    word, tag = fields[columns.word].strip(), fields[columns.tag].strip()
    for what, found in (("word", word), ("tag", tag)):
        if not found:
            raise UserError(f"{where}: no {what}", "Fill it in.")
    if _SEVERAL.fullmatch(tag):
        raise UserError(
            f"{where}: '{tag}' is several tags, one was expected",
            "Keep one tag for each word.",
        )
    return word, tag


def _no_words(file: Path) -> UserError:
    return UserError(f"{file}: the file holds no words", "Write one word and its tag a line.")
