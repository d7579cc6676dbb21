import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.data.texts.text_near_duplicates import (
    LEAST_RESEMBLANCE,
    SIGNATURE_BYTES,
    near_pairs,
    resemblance,
    signature,
)

STORY = (
    "the quick brown fox jumps over the lazy dog while the old farmer watches from his porch and "
    "wonders whether the evening will bring rain to the dry fields beyond the river"
)


def signatures(texts: list[str]) -> np.ndarray:
    return np.stack([signature(text) for text in texts])


def shingles(text: str) -> set[str]:
    plain = " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
    padded = f" {plain} "
    return {padded[i : i + 5] for i in range(len(padded) - 4)}


def true_resemblance(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def test_case_punctuation_and_white_space_do_not_count() -> None:
    loud = f"  {STORY.upper().replace(' ', '  ')}!!! "
    assert np.array_equal(signature(STORY), signature(loud))


@pytest.mark.parametrize("drop", [2, 10, 25])
def test_the_estimate_is_the_resemblance_of_the_shingles(drop: int) -> None:
    errors = []
    for seed in range(60):
        letters = np.random.default_rng(seed).choice(list("abcdefghij     "), 200)
        whole = "".join(letters)
        cut = whole[: -4 * drop]
        errors.append(
            float(resemblance(signature(whole), signature(cut))) - true_resemblance(whole, cut)
        )
    assert np.mean(errors) == pytest.approx(0, abs=0.02)
    assert np.std(errors) < 0.06


def test_a_typo_in_a_sentence_is_found_and_another_sentence_is_not() -> None:
    typo = STORY.replace("watches", "wathces")
    other = "an entirely different text about the price of copper in the markets of the east"
    pairs = near_pairs(signatures([STORY, other, typo]))
    assert pairs.tolist() == [[0, 2]]


def test_between_two_sets_a_pair_names_one_of_each() -> None:
    one, other = signatures(["something else", STORY, STORY]), signatures([STORY.upper(), "no"])
    assert near_pairs(one, other).tolist() == [[1, 0], [2, 0]]


@pytest.mark.parametrize("texts", [[], ["only one"]])
def test_fewer_than_two_texts_have_no_pairs(texts: list[str]) -> None:
    found = signatures(texts) if texts else np.empty((0, SIGNATURE_BYTES), np.uint8)
    assert near_pairs(found).shape == (0, 2)
    assert near_pairs(found, found[:0]).shape == (0, 2)


@given(st.text(), st.text())
def test_any_text_has_a_signature_that_depends_on_it_alone(one: str, other: str) -> None:
    assert signature(one).shape == (SIGNATURE_BYTES,)
    assert np.array_equal(signature(one), signature(one))
    assert -0.01 <= resemblance(signature(one), signature(other)) <= 1


@given(st.integers(0, 1000))
def test_pairs_do_not_depend_on_the_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = STORY.split()
    texts = [" ".join(words[: int(n)]) for n in rng.integers(20, 32, 12)]
    found = signatures(texts)
    order = rng.permutation(len(texts))
    pairs = {frozenset((int(order[a]), int(order[b]))) for a, b in near_pairs(found[order])}
    assert pairs == {frozenset(pair) for pair in near_pairs(found).tolist()}


def planted(texts: list[str], change: str, rng: np.random.Generator) -> list[str]:
    """Return copies with one word changed: a typo in it, it left out, or case and marks."""
    copies = []
    for text in texts:
        words = text.split()
        at = int(rng.integers(len(words)))
        if change == "typo":
            letters = list(words[at])
            letters[int(rng.integers(len(letters)))] = "q"
            words[at] = "".join(letters)
        if change == "word left out":
            del words[at]
        if change == "case and marks":
            words = [word.title() for word in words] + ["!"]
        copies.append(" ".join(words))
    return copies


@pytest.mark.parametrize(
    ("change", "least"), [("typo", 0.97), ("word left out", 0.90), ("case and marks", 1.0)]
)
def test_planted_copies_of_real_sentences_are_found(
    shared: Path, change: str, least: float
) -> None:
    lines = (shared / "sentences" / "stsa.binary.train").read_text(encoding="latin-1").splitlines()
    texts = [line.split(" ", 1)[1] for line in lines]
    texts = [text for text in texts if len(text.split()) >= 12][:1500]
    copies = planted(texts, change, np.random.default_rng(0))
    pairs = near_pairs(signatures(texts), signatures(copies))
    found = {int(a) for a, b in pairs if a == b}
    assert len(found) >= least * len(texts)
    others = [(a, b) for a, b in pairs.tolist() if a != b]
    assert len(others) <= 0.001 * len(texts)


def test_what_is_found_among_real_questions_truly_resembles(shared: Path) -> None:
    raw = json.loads((shared / "clinc-intents" / "data_full.json").read_text())
    texts = [text for text, _ in raw["train"][:6000]]
    pairs = near_pairs(signatures(texts))
    truth = np.array([true_resemblance(texts[a], texts[b]) for a, b in pairs.tolist()])
    assert len(pairs) > 50
    assert truth.min() > LEAST_RESEMBLANCE - 0.2
    assert (truth > LEAST_RESEMBLANCE - 0.1).mean() > 0.9
