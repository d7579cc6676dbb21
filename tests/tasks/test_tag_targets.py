"""Tags of words as targets: one scheme for all, and the tags of a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from finetrust.core.errors import UserError
from finetrust.tasks.tag_targets import (
    aligned_tags,
    in_one_scheme,
    rarest_types,
    require_tags,
    told_entities,
    words_by_tag,
)

from .tagged_data import tags_in, with_tags


def test_iob2_stays_as_it_is_with_both_tags_of_every_type() -> None:
    found = in_one_scheme(with_tags("O B-per I-per", "B-loc O"))
    assert found.classes == ("O", "B-loc", "B-per", "I-loc", "I-per")
    assert tags_in(found) == [["O", "B-per", "I-per"], ["B-loc", "O"]]
    assert found.targets[0].dtype == np.int64
    assert found.notes == ()


def test_iob1_is_read_as_iob2() -> None:
    found = in_one_scheme(with_tags("I-per I-per B-per O", "I-loc O I-loc"))
    assert tags_in(found) == [["B-per", "I-per", "B-per", "O"], ["B-loc", "O", "B-loc"]]
    assert found.notes == ("the tags are of the scheme IOB1 and were read as IOB2",)


def test_bioes_is_read_as_iob2() -> None:
    found = in_one_scheme(with_tags("B-per I-per E-per S-loc O"))
    assert tags_in(found) == [["B-per", "I-per", "I-per", "B-loc", "O"]]
    assert found.notes == ("the tags are of the scheme BIOES and were read as IOB2",)


def test_a_tag_that_continues_nothing_is_mended_and_told() -> None:
    found = in_one_scheme(with_tags("B-per O B-per", "O I-per B-loc I-per"))
    assert tags_in(found) == [["B-per", "O", "B-per"], ["O", "B-per", "B-loc", "B-per"]]
    [note] = found.notes
    assert note.startswith("2 tags continue an entity where none goes before")
    assert "notes.conll:1, word 2 (I-per); notes.conll:1, word 4 (I-per)" in note


@given(st.lists(st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"])), min_size=1))
def test_the_entities_stay_the_same(texts: list[list[str]]) -> None:
    found = in_one_scheme(with_tags(*map(" ".join, texts)))
    assert [get_entities(tags) for tags in tags_in(found)] == [*map(get_entities, texts)]


def test_tags_without_prefixes_stay_as_they_are() -> None:
    for texts in (("NN VB NN",), ("loc loc O per",)):
        given_tags = with_tags(*texts)
        assert in_one_scheme(given_tags) is given_tags


def test_the_tags_are_counted_in_those_of_the_model_in_its_scheme() -> None:
    data = in_one_scheme(with_tags("B-per I-per O B-loc"))
    iob = ("O", "I-per", "B-per", "B-org", "I-org", "I-loc", "B-loc")
    assert tags_in(aligned_tags(data, iob)) == [["B-per", "I-per", "O", "B-loc"]]
    bioes = ("O", *(f"{p}-{t}" for t in ("per", "loc") for p in "BIES"))
    found = aligned_tags(data, bioes)
    assert found.classes == bioes
    assert tags_in(found) == [["B-per", "E-per", "O", "S-loc"]]


def test_a_type_that_the_model_does_not_know_is_an_error() -> None:
    data = in_one_scheme(with_tags("B-person O"))
    with pytest.raises(UserError, match=r"'person' is not among the 1 types.*'persons'"):
        aligned_tags(data, ("O", "B-persons", "I-persons"))


def test_other_targets_are_an_error() -> None:
    from dataclasses import replace

    classes = replace(with_tags("O"), targets=np.array([0]), task="text-classification")
    with pytest.raises(UserError, match="choose --task text-classification"):
        require_tags(classes)


def test_words_are_counted_by_tag_and_texts_by_their_rarest_type() -> None:
    data = in_one_scheme(with_tags("B-a B-b", "B-a O", "O O", "B-a I-a"))
    assert words_by_tag(data).tolist() == [3, 3, 1, 1, 0]
    assert rarest_types(data).tolist() == [2, 1, 0, 1]


def test_entities_are_told_by_the_numbers_of_their_words() -> None:
    data = in_one_scheme(with_tags("O B-per I-per B-loc", "O O"))
    assert told_entities(data.targets[0], data.classes) == "per at 2-3, loc at 4"
    assert told_entities(data.targets[1], data.classes) == "no entity"
