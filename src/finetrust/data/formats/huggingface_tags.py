"""Hugging Face data sets whose rows are words and their tags."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.predictions import ragged
from finetrust.data.formats.huggingface_columns import Parts, contents, first_of
from finetrust.data.input_kind import InputKind
from finetrust.data.source import DataOptions
from finetrust.data.texts.tagged_words import tagged
from finetrust.data.texts.text_kind import TEXTS
from finetrust.data.texts.word_inputs import WordInputs

_WORDS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "labels", "label", "ner", "pos_tags", "upos", "chunk_tags")


class TaggedContent:
    """A column with lists of words, and one with lists of as many tags."""

    rank = 0
    noun = "a data set of tagged words"
    heeds = frozenset({"label_column", "group_columns"})
    task = "token-classification"
    kind: InputKind = TEXTS

    def accepts(self, features: Mapping[str, Any], options: DataOptions) -> bool:
        return token_columns(features, options) is not None

    def read(
        self, name: str, parts: Parts, options: DataOptions
    ) -> tuple[WordInputs, np.ndarray, tuple[str, ...]]:
        columns = token_columns(first_of(parts).features, options)
        assert columns is not None
        return tagged_parts(name, parts, *columns)


contents.add("tagged words", TaggedContent())


def token_columns(features: Mapping[str, Any], options: DataOptions) -> tuple[str, str] | None:
    """Return the columns of the words and of their tags, or None if there are none.

    Parameters
    ----------
    features : datasets.Features
    options : DataOptions
        Its ``label_column`` goes before the usual names, where the user named one.
    """
    words = next((name for name in _WORDS if _holds(features, name, ("string",))), None)
    named = options.label_column
    wanted = _TAGS if named == DataOptions().label_column else (named,)
    tags = next((name for name in wanted if name != words and _holds(features, name)), None)
    return None if words is None or tags is None else (words, tags)


def tagged_parts(
    name: str, parts: Parts, words: str, tags: str
) -> tuple[WordInputs, np.ndarray, tuple[str, ...]]:
    """Return the inputs, the targets and the classes of the parts of a data set.

    Parameters
    ----------
    name : str
        What the user called it.
    parts : mapping of str to datasets.Dataset
    words, tags : str
        The columns of the words and of the tags.

    Raises
    ------
    UserError
        For a row without words, or with another number of tags.
    """
    texts = [row for part in parts.values() for row in part[words]]
    rows = [row for part in parts.values() for row in part[tags]]
    where = [f"{split or 'all'}/{i:06d}" for split, part in parts.items() for i in range(len(part))]
    for place, text, row in zip(where, texts, rows, strict=True):
        if not text or len(text) != len(row or ()):
            found = f"{len(text or ())} words and {len(row or ())} tags"
            raise UserError(f"{name}, {place}: {found}", "Mend the row: give every word one tag.")
    names = _names(first_of(parts).features[tags])
    if names is None:
        targets, classes = tagged([[str(tag) for tag in row] for row in rows])
    else:
        targets, classes = _in_order(rows, names)
    return WordInputs(tuple(map(str, text)) for text in texts), targets, classes


def _in_order(
    rows: Sequence[Sequence[int]], names: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    _, classes = tagged([names])
    position = np.array([classes.index(name) for name in names])
    return ragged([position[np.asarray(row, np.int64)] for row in rows]), classes


def _holds(features: Mapping[str, Any], name: str, dtypes: Sequence[str] = ()) -> bool:
    inner = _inner(features.get(name))
    if inner is None:
        return False
    dtype = str(getattr(inner, "dtype", ""))
    return dtype in dtypes if dtypes else _class_names(inner) is not None or dtype == "string"


def _inner(feature: Any) -> Any:
    """Return what a list holds, or None of what is no list."""
    if isinstance(feature, list):
        return feature[0]
    return getattr(feature, "feature", None)


def _names(feature: Any) -> Sequence[str] | None:
    return _class_names(_inner(feature))


def _class_names(inner: Any) -> Sequence[str] | None:
    return getattr(inner, "names", None)
