import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.models.text_preprocessing import (
    TextPreprocessing,
    standing_for_words,
    windows_of,
    words_of,
)

from .tiny_encoders import bert_folder, gpt2_folder, minilm

TEXT = "the good film was not very dull and it is a happy story"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bert_folder(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def reading(folder: Path) -> TextPreprocessing:
    return of_folder(folder)


def of_folder(folder: Path, **changes: object) -> TextPreprocessing:
    from transformers import AutoTokenizer

    return TextPreprocessing.of(AutoTokenizer.from_pretrained(folder)).overridden(**changes)


def tokens_of(reading: TextPreprocessing, text: str | tuple[str, ...]) -> list[list[str]]:
    encoding, windows = reading.pieces(text)
    return [[encoding.tokens[i] for i in window] for window in windows]


def test_it_tokenises_as_the_library_does() -> None:
    from transformers import AutoTokenizer

    library = AutoTokenizer.from_pretrained(minilm())
    ours = TextPreprocessing.of(library)
    texts = ["It isn't THAT bad…", ("A pair", "of texts!"), "naïve café — 日本語", "x"]
    for text in texts:
        expected = library(*text) if isinstance(text, tuple) else library(text)
        [window] = ours.transform()(text).windows
        assert window[0].tolist() == expected["input_ids"]
        assert window[1].tolist() == expected["token_type_ids"]


def test_a_batch_is_as_long_as_its_longest_text_and_no_longer(reading: TextPreprocessing) -> None:
    encode = reading.transform()
    batch = reading.collate([encode("the film"), encode("a very very good film")])
    assert {name: tuple(t.shape) for name, t in batch.items()} == {
        "input_ids": (2, 1, 7),
        "attention_mask": (2, 1, 7),
        "token_type_ids": (2, 1, 7),
    }
    assert batch["attention_mask"].sum(dim=-1).tolist() == [[4], [7]]
    assert (batch["input_ids"][0, 0, 4:] == reading.pad_id).all()
    assert all(tensor.dtype == torch.int64 for tensor in batch.values())


def test_the_second_text_of_a_pair_is_its_own_segment(reading: TextPreprocessing) -> None:
    [window] = reading.transform()(("good", "bad film")).windows
    assert window[1].tolist() == [0, 0, 0, 1, 1, 1]


def test_a_long_text_is_cut_into_overlapping_windows_with_special_tokens(folder: Path) -> None:
    windows = tokens_of(of_folder(folder, max_length=8), TEXT)
    assert all(w[0] == "[CLS]" and w[-1] == "[SEP]" and len(w) == 8 for w in windows)
    assert windows[0][1:-1] == TEXT.split()[:6]
    assert windows[-1][1:-1] == TEXT.split()[-6:]
    assert set(windows[0][1:-1]) & set(windows[1][1:-1])
    batch = of_folder(folder, max_length=8)
    encoded = batch.transform()(TEXT)
    assert batch.collate([encoded])["input_ids"].shape == (1, len(windows), 8)
    assert encoded.n_tokens == 8 * len(windows)


def test_the_short_text_of_a_long_pair_stays_whole_in_every_window(folder: Path) -> None:
    windows = tokens_of(of_folder(folder, max_length=12), ("good film", TEXT))
    assert len(windows) > 1
    assert all(w[:4] == ["[CLS]", "good", "film", "[SEP]"] for w in windows)
    assert [w[-1] for w in windows] == ["[SEP]"] * len(windows)


def test_of_two_long_texts_every_word_meets_every_other(folder: Path) -> None:
    windows = tokens_of(of_folder(folder, max_length=11), (TEXT, TEXT))
    met = set()
    for window in windows:
        middle = window.index("[SEP]")
        met |= {(a, b) for a in window[1:middle] for b in window[middle + 1 : -1]}
    words = set(TEXT.split())
    assert met == {(a, b) for a in words for b in words}


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=40),
    st.integers(9, 30),
)
def test_every_word_stands_in_exactly_one_place(lengths: list[int], max_length: int) -> None:
    of_token = np.repeat(np.arange(len(lengths)), lengths)
    sequences = [None, *[0] * len(of_token), None]
    windows = windows_of(sequences, max_length)
    assert all(len(window) <= max_length for window in windows)
    assert set(np.concatenate(windows).tolist()) == set(range(len(sequences)))
    full = np.concatenate([[-1], of_token, [-1]])
    standing = standing_for_words(full, windows)
    stood = np.concatenate(standing)
    assert sorted(stood[stood >= 0].tolist()) == list(range(len(lengths)))
    for window, of_window in zip(windows, standing, strict=True):
        for place in np.flatnonzero(of_window >= 0):
            assert full[window[place]] == of_window[place]
            assert full[window[place] - 1] != of_window[place], "the first token stands for a word"


def test_a_word_is_taken_from_the_window_where_it_is_farthest_from_the_ends() -> None:
    of_token = np.arange(10)
    windows = [np.arange(0, 7), np.arange(3, 10)]
    first, second = standing_for_words(of_token, windows)
    assert first.tolist() == [0, 1, 2, 3, 4, -1, -1]
    assert second.tolist() == [-1, -1, 5, 6, 7, 8, 9]


def test_words_are_counted_and_their_features_are_as_many(folder: Path) -> None:
    reading = of_folder(folder, words=True)
    encode = reading.transform()
    batch = reading.collate([encode(("goodness", "film")), encode("not bad, very bad!")])
    assert batch["n_words"].tolist() == [2, 6]
    assert reading.feature_lengths(batch).tolist() == [2, 6]
    stands = batch["words"][0, 0]
    assert stands[stands >= 0].tolist() == [0, 1]
    assert batch["attention_mask"][0].sum() > 4, "goodness is more than one token"


def test_features_of_texts_have_no_lengths(reading: TextPreprocessing) -> None:
    assert reading.feature_lengths(reading.example(2)) is None


def test_words_are_cut_as_people_would() -> None:
    assert words_of("Don't stop, it’s 5 o'clock!") == (
        *("Don't", "stop", ",", "it’s", "5", "o'clock", "!"),
    )
    assert words_of(("as", "given!")) == ("as", "given!")


def test_single_words_are_read_as_they_stand_in_a_text(tmp_path: Path) -> None:
    reading = of_folder(gpt2_folder(tmp_path), words=True)
    alone, _ = reading.pieces(("ab", "c"))
    assert alone.tokens == ["Ġ", "a", "b", "Ġ", "c"]


def test_a_text_is_tokenised_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = of_folder(folder)
    texts = [TEXT, "good", "bad film", TEXT]
    assert reading.lengths(texts) == [15, 3, 4, 15]
    encoded = reading.transform()("bad film")
    monkeypatch.setattr(TextPreprocessing, "tokenizer", None)
    assert reading.transform()("bad film") is encoded
    assert reading.lengths(texts) == [15, 3, 4, 15]


def test_what_is_saved_is_enough_to_read_texts_alike(
    reading: TextPreprocessing, tmp_path: Path
) -> None:
    values = reading.save(tmp_path)
    loaded = TextPreprocessing.load(values, tmp_path)
    assert loaded == reading
    assert repr(loaded) == repr(reading)
    assert tokens_of(loaded, TEXT) == tokens_of(reading, TEXT)


def test_another_tokenizer_in_the_folder_is_an_error(
    reading: TextPreprocessing, tmp_path: Path
) -> None:
    values = reading.save(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"another tokenizer than the model was trained with"):
        TextPreprocessing.load(values, tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"tokenizer\.json: cannot be read"):
        TextPreprocessing.load(values, tmp_path)


def test_a_copy_for_another_process_reads_alike_and_remembers_nothing(
    reading: TextPreprocessing,
) -> None:
    reading.lengths([TEXT])
    size = len(pickle.dumps(reading))
    reading.lengths([f"{TEXT} {i}" for i in range(100)])
    assert len(pickle.dumps(reading)) == size
    copy = pickle.loads(pickle.dumps(reading))
    assert copy == reading
    assert tokens_of(copy, TEXT) == tokens_of(reading, TEXT)


@pytest.mark.parametrize("max_length", [7, 65])
def test_a_length_that_the_model_cannot_read_is_an_error(folder: Path, max_length: int) -> None:
    with pytest.raises(UserError, match=rf"'max_length' is {max_length}, .*reads 8 to 64 tokens"):
        of_folder(folder, max_length=max_length)


def test_the_same_text_is_the_same_whatever_it_is_batched_with(reading: TextPreprocessing) -> None:
    encode = reading.transform()
    alone = reading.collate([encode("good film")])
    beside = reading.collate([encode(TEXT), encode("good film")])
    assert torch.equal(alone["input_ids"][0, 0], beside["input_ids"][1, 0, :4])
