"""The plain model beside a network that tags words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetrust.core.errors import UserError
from finetrust.core.predictions import ragged
from finetrust.data.texts.entity_counts import entity_counts, micro_f1
from finetrust.data.texts.tag_scheme import scheme_of
from finetrust.data.texts.word_inputs import WordInputs
from finetrust.tasks.tag_targets import in_one_scheme
from finetrust.tasks.token_baseline import TokenBaseline

from .tagged_data import dataset_of, places, with_tags


def f1(model: TokenBaseline, data: object) -> float:
    found = model.predictions(data)
    counts = entity_counts(found["true_tags"], found["pred_tags"], scheme_of(data.classes))
    return micro_f1(counts)


def test_it_learns_from_the_letters_of_a_word_and_from_its_neighbours() -> None:
    model = TokenBaseline.fit(in_one_scheme(places(80, seed=0)))
    assert f1(model, in_one_scheme(places(40, seed=1))) > 0.9


def test_it_is_the_same_after_it_was_written_and_read(tmp_path: Path) -> None:
    data = in_one_scheme(places(30, seed=0))
    model = TokenBaseline.fit(data)
    model.save(tmp_path / "baseline")
    again = TokenBaseline.load(tmp_path / "baseline")
    for one, other in zip(
        model.predictions(data)["tag_logits"], again.predictions(data)["tag_logits"], strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert not [*tmp_path.rglob("*.pkl")]


def test_a_tag_without_training_words_is_never_given() -> None:
    data = in_one_scheme(places(30, seed=0))
    only_persons = data.take([i for i, row in enumerate(data.targets) if len(row) == 5])
    model = TokenBaseline.fit(only_persons)
    given_tags = {int(tag) for row in model.predictions(data)["pred_tags"] for tag in row}
    assert given_tags <= {0, data.classes.index("B-per")}


def test_two_tags_are_enough_and_one_is_not() -> None:
    two = dataset_of([[("Rome", "B-x"), ("is", "O")], [("is", "O"), ("Rome", "B-x")]] * 4)
    model = TokenBaseline.fit(in_one_scheme(two))
    assert f1(model, in_one_scheme(two)) == 1.0
    assert TokenBaseline.fit(with_tags("O O", "O")) is None


def test_texts_without_words_are_left_alone() -> None:
    data = in_one_scheme(places(20, seed=0))
    model = TokenBaseline.fit(data)
    targets = ragged([np.array(row, np.int64) for row in ([], [0, 0])])
    some = replace(data.take([0, 1]), inputs=WordInputs([(), ("Mr", "Bean")]), targets=targets)
    assert [len(row) for row in model.predictions(some)["pred_tags"]] == [0, 2]


def test_nothing_to_read_is_none_and_broken_files_are_an_error(tmp_path: Path) -> None:
    assert TokenBaseline.load(tmp_path / "nothing") is None
    (tmp_path / "ngrams.json").write_text("[")
    with pytest.raises(UserError, match="cannot be read as a plain model"):
        TokenBaseline.load(tmp_path)
