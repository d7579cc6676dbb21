"""Which entities tags name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from finetrust.core.errors import UserError
from finetrust.data.texts.tag_scheme import NO_TAG, entities, scheme_of, tags_of

IOB = ("O", "B-loc", "B-per", "I-loc", "I-per")
BIOES = ("O", *(f"{p}-{t}" for p in "BIES" for t in ("loc", "per-son", "x")))


def found_in(texts: list[list[str]], tags: tuple[str, ...]) -> list[tuple[int, str, int, int]]:
    scheme = scheme_of(tags)
    found = entities([np.array([tags.index(t) for t in text], np.int64) for text in texts], scheme)
    return [
        (int(r), scheme.types[k], int(a), int(b) - 1)
        for r, k, a, b in zip(found.row, found.kind, found.start, found.stop, strict=True)
    ]


def texts_of(tags: tuple[str, ...]) -> st.SearchStrategy:
    return st.lists(st.lists(st.sampled_from(tags), max_size=8), max_size=6)


@pytest.mark.parametrize("tags", [IOB, BIOES, ("O", "B", "I")])
@given(st.data())
def test_they_are_those_of_seqeval(tags: tuple[str, ...], data: st.DataObject) -> None:
    texts = data.draw(texts_of(tags))
    expected = [
        (row, "entity" if kind == "_" else kind, start, stop)
        for row, text in enumerate(texts)
        for kind, start, stop in get_entities(text)
    ]
    assert found_in(texts, tags) == expected


def test_an_inside_tag_that_follows_nothing_starts_an_entity_and_is_told() -> None:
    tags = np.array([IOB.index(t) for t in ("I-per", "I-per", "O", "B-loc", "I-per")])
    found = entities([tags], scheme_of(IOB))
    assert found.start.tolist() == [0, 3, 4]
    assert found.stop.tolist() == [2, 4, 5]
    assert found.unopened.tolist() == [True, False, True]


def test_bilou_is_bioes_by_other_letters() -> None:
    tags = ("O", "B-x", "I-x", "L-x", "U-x")
    assert found_in([["B-x", "I-x", "L-x", "U-x", "O", "U-x"]], tags) == [
        (0, "x", 0, 2),
        (0, "x", 3, 3),
        (0, "x", 5, 5),
    ]


def test_without_prefixes_equal_tags_in_a_row_are_one_entity() -> None:
    assert found_in([["a", "a", "O", "a", "b"]], ("O", "a", "b")) == [
        (0, "a", 0, 1),
        (0, "a", 3, 3),
        (0, "b", 4, 4),
    ]


def test_without_a_tag_for_outside_every_word_is_judged_by_itself() -> None:
    assert found_in([["NN", "NN", "VB"]], ("NN", "VB")) == [
        (0, "NN", 0, 0),
        (0, "NN", 1, 1),
        (0, "VB", 2, 2),
    ]


def test_a_word_without_an_answer_ends_an_entity() -> None:
    found = entities([np.array([2, NO_TAG, 4])], scheme_of(IOB))
    assert list(zip(found.start, found.stop, strict=True)) == [(0, 1), (2, 3)]


def test_prefixes_for_some_tags_only_are_an_error() -> None:
    with pytest.raises(UserError, match=r"tag 'loc' has no prefix.*'B-per'.*Write B-loc"):
        scheme_of(("O", "B-per", "loc"))


@pytest.mark.parametrize("tags", [IOB, BIOES])
@given(st.data())
def test_entities_written_as_tags_are_read_again(
    tags: tuple[str, ...], data: st.DataObject
) -> None:
    texts = data.draw(texts_of(tags))
    scheme = scheme_of(tags)
    found = entities([np.array([tags.index(t) for t in text], np.int64) for text in texts], scheme)
    written = tags_of(found, [len(text) for text in texts], scheme.name)
    again = [
        [f"{prefix}-{scheme.types[kind]}" if kind >= 0 else "O" for prefix, kind in text]
        for text in written
    ]
    assert found_in(again, tags) == found_in(texts, tags)
