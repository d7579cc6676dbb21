"""Hugging Face data sets whose rows are texts, or pairs of texts, with one label or any number."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.formats.huggingface_columns import (
    Parts,
    class_labels,
    contents,
    first_of,
    label_column,
    no_column,
)
from finetrust.data.input_kind import InputKind
from finetrust.data.source import DataOptions
from finetrust.data.texts.label_sets import multi_hot
from finetrust.data.texts.text_inputs import Texts
from finetrust.data.texts.text_kind import TEXTS

_USUAL = ("text", "sentence", "content", "review", "question")


class TextContent:
    """A column of strings: the one that the user names, one with a usual name, or the only one."""

    rank = 3
    noun = "a data set of texts"
    heeds = frozenset({"label_column", "group_columns", "text_column", "text_pair_column"})
    task = "text-classification"
    kind: InputKind = TEXTS

    def accepts(self, features: Mapping[str, Any], options: DataOptions) -> bool:
        return bool(_strings(features)) and not _holds_sets(features, options)

    def read(
        self, name: str, parts: Parts, options: DataOptions
    ) -> tuple[Texts, np.ndarray, tuple[str, ...]]:
        label = label_column(name, parts, options)
        targets, classes = class_labels(name, parts, options)
        return _texts(name, parts, options, label), targets, classes


contents.add("texts", TextContent())


class MultiLabelTextContent:
    """A column of strings, and one with a list of labels in each row."""

    rank = 2
    noun = "a data set of texts with several labels"
    heeds = frozenset({"label_column", "group_columns", "text_column", "text_pair_column"})
    task = "multi-label-text-classification"
    kind: InputKind = TEXTS

    def accepts(self, features: Mapping[str, Any], options: DataOptions) -> bool:
        return bool(_strings(features)) and _holds_sets(features, options)

    def read(
        self, name: str, parts: Parts, options: DataOptions
    ) -> tuple[Texts, np.ndarray, tuple[str, ...]]:
        label = _set_column(first_of(parts).features, options)
        assert label is not None
        inner = _inner(first_of(parts).features[label])
        names = getattr(inner, "names", None)
        rows = [list(row or ()) for part in parts.values() for row in part[label]]
        sets = [[names[v] if names else str(v) for v in dict.fromkeys(row)] for row in rows]
        classes = tuple(names or sorted({one for row in sets for one in row}))
        return _texts(name, parts, options, label), multi_hot(sets, classes), classes


contents.add("multi-label texts", MultiLabelTextContent())


def _texts(name: str, parts: Parts, options: DataOptions, label: str) -> Texts:
    features = first_of(parts).features
    text, pair = _text_column(name, features, options, label), options.text_pair_column
    if pair is not None and pair not in features:
        raise no_column(name, pair, list(features))
    columns = [
        None if column is None else [value for part in parts.values() for value in part[column]]
        for column in (text, pair)
    ]
    assert columns[0] is not None
    return Texts(columns[0], columns[1])


def _text_column(name: str, features: Mapping[str, Any], options: DataOptions, label: str) -> str:
    column = options.text_column
    if column in features:
        return column
    if column != DataOptions().text_column:
        raise no_column(name, column, list(features))
    strings = [c for c in _strings(features) if c not in (label, options.text_pair_column)]
    usual = [c for c in _USUAL if c in strings]
    if usual or len(strings) == 1:
        return [*usual, *strings][0]
    raise UserError(
        f"{name}: it is not clear which column holds the text; the columns are "
        f"{', '.join(features)}",
        "Choose one with --text-column (and --text-pair-column).",
    )


def _strings(features: Mapping[str, Any]) -> list[str]:
    return [c for c, f in features.items() if getattr(f, "dtype", "") in ("string", "large_string")]


def _holds_sets(features: Mapping[str, Any], options: DataOptions) -> bool:
    return _set_column(features, options) is not None


def _set_column(features: Mapping[str, Any], options: DataOptions) -> str | None:
    """Return the column with lists of labels: that which the user names, or ``labels``."""
    named = [options.label_column]
    if options.label_column == DataOptions().label_column and options.label_column not in features:
        named.append("labels")
    return next((c for c in named if _inner(features.get(c)) is not None), None)


def _inner(feature: Any) -> Any:
    """Return what a list holds, or None of what is no list."""
    if isinstance(feature, list):
        return feature[0]
    return getattr(feature, "feature", None)
