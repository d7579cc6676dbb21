"""Words and their tokens, texts with hidden words, and many variants in few passes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.trust.interpretability.words.hidden_words import hiding, mask_token, parts_of
from finetrust.trust.interpretability.words.scores import outputs_of, parts_of_like_length
from finetrust.trust.interpretability.words.worded import worded

from .readers import bag, reading

TEXT = "the plot was goodness, not dull!"


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> TextPreprocessing:
    return reading(tmp_path_factory.mktemp("model"))


def tokens(preprocessing: TextPreprocessing, ids: np.ndarray) -> list[str]:
    return [preprocessing.tokenizer.id_to_token(int(i)) for i in ids]


def test_words_are_those_of_the_text(preprocessing: TextPreprocessing) -> None:
    found = worded(preprocessing, TEXT)
    assert found.words == ("the", "plot", "was", "goodness", ",", "not", "dull", "!")
    assert "".join(found.pieces) == TEXT
    pair = worded(preprocessing, ("good film", "bad plot"))
    assert pair.words == ("good", "film", "bad", "plot")
    assert pair.places == (0, 1, 3, 4)


def test_a_removed_word_leaves_the_text_without_it(preprocessing: TextPreprocessing) -> None:
    found = worded(preprocessing, TEXT)
    keep = np.ones(len(found), bool)
    keep[[3, 6]] = False
    hidden = hiding(preprocessing, "removed")(found, keep)
    expected = preprocessing.transform()("the plot was, not!")
    np.testing.assert_array_equal(hidden.windows[0], expected.windows[0])


def test_a_masked_word_has_a_mask_for_each_token(preprocessing: TextPreprocessing) -> None:
    found = worded(preprocessing, TEXT)
    keep = np.arange(len(found)) != 3
    ids = hiding(preprocessing, "mask")(found, keep).windows[0][0]
    assert len(ids) == len(found.ids)
    shown = tokens(preprocessing, ids)
    assert shown[:4] == ["[CLS]", "the", "plot", "was"]
    assert set(shown[4 : 4 + len(found.tokens[3])]) == {"[MASK]"}
    assert shown[-5:] == [",", "not", "dull", "!", "[SEP]"]


def test_without_a_mask_token_padding_stands_in(preprocessing: TextPreprocessing) -> None:
    assert mask_token(preprocessing) == preprocessing.tokenizer.token_to_id("[MASK]")
    written = preprocessing.tokenizer_json.replace("[MASK]", "[NOTHING]")
    assert mask_token(TextPreprocessing(written, 64, 7)) == 7


@pytest.mark.parametrize("way", ["removed", "mask"])
def test_a_text_with_all_words_is_the_text(way: str, preprocessing: TextPreprocessing) -> None:
    short = preprocessing.overridden(max_length=8)
    for text in (TEXT, ("good film", "bad plot"), TEXT * 4):
        found = worded(short, text)
        whole = hiding(short, way)(found, np.ones(len(found), bool))
        for one, other in zip(whole.windows, short.transform()(text).windows, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_text_without_words_has_its_special_tokens(preprocessing: TextPreprocessing) -> None:
    found = worded(preprocessing, TEXT)
    nothing = hiding(preprocessing, "removed")(found, np.zeros(len(found), bool))
    assert tokens(preprocessing, nothing.windows[0][0]) == ["[CLS]", "[SEP]"]


def test_where_words_have_outputs_each_keeps_its_number(preprocessing: TextPreprocessing) -> None:
    by_word = preprocessing.overridden(words=True)
    found = worded(by_word, ("the", "goodness", "film"))
    for way in ("removed", "mask"):
        hidden = hiding(by_word, way)(found, np.array([True, False, True]))
        assert hidden.n_words == 3
        stands = hidden.words[0]
        assert {0, 2} <= set(stands[stands >= 0].tolist())
        assert hidden.windows[0][0, stands == 2] == by_word.tokenizer.token_to_id("film")


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_are_runs_of_like_size(words: int, most: int) -> None:
    parts = parts_of(words, most)
    sizes = np.bincount(parts, minlength=1)
    assert len(parts) == words
    assert (np.diff(parts) >= 0).all()
    if words:
        assert len(sizes) == min(words, most)
        assert sizes.max() - sizes.min() <= 1


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 8), st.integers(1, 120))
def test_each_pass_has_room(lengths: list[int], at_once: int, tokens: int) -> None:
    parts = list(parts_of_like_length(lengths, at_once, tokens))
    rows = [row for part in parts for row in part.tolist()]
    assert sorted(rows) == list(range(len(lengths)))
    assert [lengths[row] for row in rows] == sorted(lengths)
    for part in parts:
        longest = max(lengths[row] for row in part)
        assert len(part) <= at_once
        assert len(part) == 1 or longest * len(part) <= tokens


def test_outputs_are_those_of_each_text_alone(preprocessing: TextPreprocessing) -> None:
    network, encode = bag(preprocessing), preprocessing.transform()
    encoded = [encode(("good " * n).strip()) for n in (5, 1, 9, 2, 40)]
    found = torch.empty(5, 2)
    for rows, outputs in outputs_of(network, preprocessing, torch.device("cpu"), encoded):
        found[torch.from_numpy(rows)] = outputs
    for i, one in enumerate(encoded):
        with torch.no_grad():
            alone = network(preprocessing.collate([one]))[0]
        torch.testing.assert_close(found[i], alone)


def test_words_of_bytes(tmp_path: Path) -> None:
    from finetrust.models.source import load_pretrained
    from models.tiny_encoders import gpt2_folder

    _, built = load_pretrained(str(gpt2_folder(tmp_path)), "pretrained", {})
    found = worded(built.preprocessing, "a fine  film")
    assert found.words == ("a", "fine", "", "film") or found.words == ("a", "fine", "film")
    keep = np.arange(len(found)) != 1
    hidden = hiding(built.preprocessing, "removed")(found, keep)
    assert hidden.n_tokens == len(found.ids) - len(found.tokens[1])
