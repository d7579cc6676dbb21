"""What every corruption of texts promises, and what each does to a word."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.trust.stability.perturbers.perturber import perturbers
from finetrust.trust.stability.perturbers.text import CorruptedTexts
from finetrust.trust.stability.text_corruptions.casing import casing
from finetrust.trust.stability.text_corruptions.catalogue import (
    SEVERITIES,
    TextCorruption,
    text_corruptions,
)
from finetrust.trust.stability.text_corruptions.punctuation import MARKS, punctuation
from finetrust.trust.stability.text_corruptions.typos import NEIGHBOURS, typos
from finetrust.trust.stability.text_corruptions.whitespace import whitespace

NAMES = text_corruptions.names()
WORDS = ("Marvellous", "weather", "during", "September", "around", "Vienna", "yesterday")
LONG = tuple(WORDS[i % len(WORDS)] for i in range(4000))


@pytest.fixture(params=NAMES)
def corruption(request: pytest.FixtureRequest) -> TextCorruption:
    return text_corruptions.get(request.param)


def test_the_four_that_are_applied_by_default_are_there() -> None:
    assert NAMES == ["casing", "punctuation", "typos", "whitespace"]
    assert sorted(perturbers.get("text").names("quick")) == NAMES
    with pytest.raises(UserError, match="Did you mean 'typos'"):
        perturbers.get("text").check(["typo"])


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text(), seed=st.integers(0, 2**32), severity=st.sampled_from(SEVERITIES))
def test_any_text_stays_a_text_and_comes_out_the_same_every_time(
    name: str, text: str, seed: int, severity: int
) -> None:
    corruption = text_corruptions.get(name)
    found = corruption(text, severity, seed)
    assert isinstance(found, str)
    assert found == corruption(text, severity, seed)
    assert bool(found.strip()) == bool(text.strip())


@pytest.mark.parametrize("name", NAMES)
@given(words=st.lists(st.text(min_size=1)), seed=st.integers(0, 99))
def test_words_stay_as_many_and_none_becomes_empty(name: str, words: list, seed: int) -> None:
    found = text_corruptions.get(name)(tuple(words), 3, seed)
    assert isinstance(found, tuple)
    assert len(found) == len(words)
    assert all(found)


def test_the_stated_share_of_words_is_disturbed(corruption: TextCorruption) -> None:
    for severity, share in zip(SEVERITIES, corruption.shares, strict=True):
        found = corruption(LONG, severity, seed=7)
        changed = np.mean([a != b for a, b in zip(LONG, found, strict=True)])
        assert changed == pytest.approx(share, abs=0.03)


def test_a_severity_adds_to_the_one_below_it(corruption: TextCorruption) -> None:
    mild, middle, severe = (corruption(LONG, severity, seed=3) for severity in SEVERITIES)
    for clean, a, b, c in zip(LONG, mild, middle, severe, strict=True):
        assert a in (clean, b)
        assert b in (clean, c)


def test_another_seed_disturbs_otherwise(corruption: TextCorruption) -> None:
    assert corruption(LONG, 2, seed=1) != corruption(LONG, 2, seed=2)


def test_a_text_and_its_words_are_disturbed_alike() -> None:
    for name in ("casing", "punctuation", "typos"):
        corruption = text_corruptions.get(name)
        assert corruption(" ".join(LONG), 2, 5) == " ".join(corruption(LONG, 2, 5))


def test_both_texts_of_a_pair_are_disturbed() -> None:
    pair = " ".join(LONG), " ".join(LONG)
    first, second = text_corruptions.get("typos")(pair, 1, seed=0)
    assert first != pair[0]
    assert second != pair[1]
    assert first != second


def test_an_unknown_severity_is_refused(corruption: TextCorruption) -> None:
    with pytest.raises(ValueError, match=r"severity 0 .* expected 1 to 3"):
        corruption("a text", 0, seed=0)


@given(st.sampled_from(WORDS), st.integers(0, 10_000))
def test_a_typo_is_one_slip_that_leaves_the_first_letter(word: str, seed: int) -> None:
    found = typos(word, Random(seed))
    assert found[0] == word[0]
    assert found != word
    assert abs(len(found) - len(word)) <= 1
    if len(found) == len(word):
        where = [i for i, (a, b) in enumerate(zip(word, found, strict=True)) if a != b]
        if len(where) == 1:
            assert found[where[0]].lower() in NEIGHBOURS[word[where[0]].lower()]
        else:
            a, b = where
            assert b == a + 1
            assert (found[a], found[b]) == (word[b], word[a])


@pytest.mark.parametrize(
    "word", ["no", "the", "@markus", "#winter", "https://example.org/ab", "2017"]
)
def test_short_words_names_and_links_have_no_typos(word: str) -> None:
    assert {typos(word, Random(seed)) for seed in range(50)} == {word}


def test_keys_are_neighbours_of_each_other() -> None:
    assert set(NEIGHBOURS["g"]) == set("fhtyvb")
    assert all(a in NEIGHBOURS[b] for a, near in NEIGHBOURS.items() for b in near)


def test_casing_changes_nothing_but_the_case() -> None:
    found = {casing("Vienna", Random(seed)) for seed in range(50)}
    assert found == {"vienna", "VIENNA"}
    assert {casing("wien", Random(seed)) for seed in range(50)} == {"WIEN", "Wien"}
    assert casing("17", Random(0)) == "17"


def test_punctuation_is_added_left_out_or_replaced() -> None:
    assert {punctuation("word", Random(s)) for s in range(99)} == {f"word{m}" for m in MARKS}
    assert {punctuation("end.", Random(s)) for s in range(99)} == {
        "end",
        *(f"end{m}" for m in MARKS if m != "."),
    }
    assert {punctuation(".", Random(s)) for s in range(99)} == set(MARKS) - {"."}


def test_whitespace_tears_words_and_runs_them_together() -> None:
    assert whitespace("table", Random(0)).replace(" ", "") == "table"
    assert whitespace("a-b", Random(0)) == "a-b"
    text = " ".join(LONG)
    found = text_corruptions.get("whitespace")(text, 2, seed=0)
    torn = len(found.split()) - len(LONG)
    assert found.replace(" ", "") == text.replace(" ", "")
    assert torn == pytest.approx(0, abs=60)
    assert len(set(found.split()) - set(WORDS)) > 20


def test_inputs_are_corrupted_when_they_are_read() -> None:
    class Texts(list):
        pass

    corruption = text_corruptions.get("typos")
    inputs = CorruptedTexts(Texts([" ".join(WORDS)] * 2), corruption, 3, np.array([1, 2]))
    assert len(inputs) == 2
    assert inputs[0] == corruption(" ".join(WORDS), 3, 1)
    assert inputs[0] != inputs[1]
    assert inputs.content(0) != inputs.content(1)
    assert inputs.location(0) is None
