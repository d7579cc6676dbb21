"""Targets that are the tags of words: brought to one scheme, counted, aligned with a model's tags."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.predictions import ragged
from finetrust.data.dataset import Dataset
from finetrust.data.texts.tag_scheme import (
    OUTSIDE,
    Entities,
    TagScheme,
    entities,
    scheme_of,
    tags_of,
)

_SHOWN = 3


def require_tags(dataset: Dataset) -> Dataset:
    """Return `dataset` if its targets are one tag for each word.

    Raises
    ------
    UserError
        If they are something else.
    """
    rows = dataset.targets
    if rows.dtype == object and all(isinstance(r, np.ndarray) and r.ndim == 1 for r in rows):
        return dataset
    raise UserError(
        f"{dataset.name}: the data are made for {dataset.task}, and token-classification takes one "
        "tag for each word",
        f"Leave --task out, or choose --task {dataset.task}.",
    )


def in_one_scheme(dataset: Dataset) -> Dataset:
    """Return `dataset` with the tags of IOB2, whichever scheme its own are of.

    The classes are ``"O"``, then ``B-x`` and ``I-x`` of every type. Tags of IOB1 and BIOES name the
    same entities as before; a tag that begins no entity where one must begin is mended and noted.
    Tags without prefixes, as of parts of speech, stay as they are.
    """
    scheme = scheme_of(dataset.classes)
    if scheme.name in ("IO", "plain"):
        return dataset
    found = entities(dataset.targets, scheme)
    types = scheme.types
    classes = (OUTSIDE, *(f"B-{t}" for t in types), *(f"I-{t}" for t in types))
    return replace(
        dataset,
        targets=_written(found, dataset.targets, scheme, classes, "IOB"),
        classes=classes,
        notes=(*dataset.notes, *_notes(dataset, scheme, found)),
    )


def aligned_tags(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    """Return `dataset` with its tags counted in the tags of a model, in the model's scheme.

    Raises
    ------
    UserError
        For a type of entity, or a tag without a prefix, that the model does not know.
    """
    ours, theirs = scheme_of(dataset.classes), scheme_of(classes)
    unknown = [kind for kind in ours.types if kind not in theirs.types]
    if unknown:
        raise UserError(
            f"{dataset.name}: '{unknown[0]}' is not among the {len(theirs.types)} types that the "
            "model tags",
            f"{did_you_mean(unknown[0], theirs.types)} The model knows "
            f"{', '.join(theirs.types)}.".strip(),
        )
    found = entities(dataset.targets, ours)
    targets = _written(found, dataset.targets, ours, classes, theirs.name)
    return replace(dataset, targets=targets, classes=classes)


def words_by_tag(dataset: Dataset) -> np.ndarray:
    """Return how many words have each tag: int64 array (classes,)."""
    words = np.concatenate([np.zeros(0, np.int64), *dataset.targets])
    return np.bincount(words, minlength=len(dataset.classes))


def told_entities(tags: np.ndarray, classes: Sequence[str]) -> str:
    """Return the entities that the tags of a text name, with the numbers of their words from 1."""
    scheme = scheme_of(classes)
    found = entities([tags], scheme)
    told = [
        f"{scheme.types[kind]} at {start + 1}" + (f"-{stop}" if stop > start + 1 else "")
        for kind, start, stop in zip(found.kind, found.start, found.stop, strict=True)
    ]
    return ", ".join(told) or "no entity"


def rarest_types(dataset: Dataset) -> np.ndarray:
    """Return for each text its rarest type of entity, counted from 1; 0 without entities.

    Returns
    -------
    int64 array (n,)
    """
    scheme = scheme_of(dataset.classes)
    found = entities(dataset.targets, scheme)
    counts = np.bincount(found.kind, minlength=len(scheme.types))
    rarest = np.zeros(len(dataset), np.int64)
    for at in np.argsort(-counts[found.kind], kind="stable"):
        rarest[found.row[at]] = found.kind[at] + 1
    return rarest


def _written(
    found: Entities,
    targets: np.ndarray,
    scheme: TagScheme,
    classes: Sequence[str],
    name: str,
) -> np.ndarray:
    """Return the entities as tags of another scheme, counted in `classes`."""
    position = {tag: i for i, tag in enumerate(classes)}
    joiner = "-" if name in ("IOB", "BIOES") else ""

    def index(prefix: str, kind: int) -> int:
        tag = f"{prefix}{joiner}{scheme.types[kind]}" if kind >= 0 else OUTSIDE
        if tag not in position:
            raise UserError(
                f"the model has no tag '{tag}', and the data need it",
                f"The model knows {', '.join(classes)}.",
            )
        return position[tag]

    rows = tags_of(found, [len(row) for row in targets], name)
    return ragged([np.array([index(*tag) for tag in row], np.int64) for row in rows])


def _notes(dataset: Dataset, scheme: TagScheme, found: Entities) -> list[str]:
    """Return what should be known of how the tags were read."""
    if scheme.name == "BIOES":
        notes = ["the tags are of the scheme BIOES and were read as IOB2"]
    elif _is_iob1(found):
        return ["the tags are of the scheme IOB1 and were read as IOB2"]
    else:
        notes = []
    where = np.flatnonzero(found.unopened)
    if len(where):
        some = [
            f"{dataset.ids[found.row[at]]}, word {found.start[at] + 1} "
            f"({dataset.classes[dataset.targets[found.row[at]][found.start[at]]]})"
            for at in where[:_SHOWN]
        ]
        more = ", ..." if len(where) > _SHOWN else ""
        notes.append(
            f"{len(where)} tags continue an entity where none goes before, and were read as its "
            f"beginning: {'; '.join(some)}{more}"
        )
    return notes


def _is_iob1(found: Entities) -> bool:
    """Return whether B- is written only where one entity directly follows another of its type."""
    follows = np.zeros(len(found), bool)
    follows[1:] = (
        (found.row[1:] == found.row[:-1])
        & (found.kind[1:] == found.kind[:-1])
        & (found.start[1:] == found.stop[:-1])
    )
    return bool(found.unopened.any() and (found.unopened | follows).all())
