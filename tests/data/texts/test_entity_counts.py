"""Entities that are found, counted text by text, against seqeval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score

from finetrust.data.texts.entity_counts import entity_counts, micro_f1
from finetrust.data.texts.tag_scheme import scheme_of

TAGS = ("O", "B-loc", "B-per", "I-loc", "I-per")


def ids(text: list[str]) -> np.ndarray:
    return np.array([TAGS.index(tag) for tag in text], np.int64)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    lengths = draw(st.lists(st.integers(0, 8), min_size=1, max_size=6))
    text = [st.lists(st.sampled_from(TAGS), min_size=n, max_size=n) for n in lengths]
    return [draw(one) for one in text], [draw(one) for one in text]


@given(pairs())
@pytest.mark.filterwarnings("ignore")
def test_f1_is_that_of_seqeval(pair: tuple) -> None:
    true, predicted = pair
    counts = entity_counts([*map(ids, true)], [*map(ids, predicted)], scheme_of(TAGS))
    if counts.uses.any():
        assert micro_f1(counts) == pytest.approx(f1_score(true, predicted), abs=1e-12)
    assert (counts.right <= np.minimum(counts.predicted, counts.labelled)).all()


def test_an_entity_with_one_end_or_the_type_wrong_is_not_right() -> None:
    true = [["B-per", "I-per", "O"], ["B-loc", "O", "O"]]
    predicted = [["B-per", "O", "O"], ["B-per", "O", "B-loc"]]
    counts = entity_counts([*map(ids, true)], [*map(ids, predicted)], scheme_of(TAGS))
    assert counts.right.sum() == 0
    assert counts.labelled.tolist() == [[0, 1], [1, 0]]
    assert counts.predicted.tolist() == [[0, 1], [1, 1]]


def test_the_same_place_in_another_text_is_another_entity() -> None:
    true = [["B-per", "O"], ["O", "O"]]
    predicted = [["O", "O"], ["B-per", "O"]]
    counts = entity_counts([*map(ids, true)], [*map(ids, predicted)], scheme_of(TAGS))
    assert counts.right.sum() == 0
