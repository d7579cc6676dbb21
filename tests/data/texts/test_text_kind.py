from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.data.texts.text_kind import TEXTS, joined_text


def read(*arguments: str) -> list[tuple[str, object]]:
    return [(name, value()) for name, value in TEXTS.given(arguments)]


@pytest.mark.parametrize(
    ("value", "words"),
    [("one two  three", 3), (("one two", "three"), 3), (("a", "b", ",", "c"), 4), ("", 0)],
)
def test_texts_pairs_and_words_are_measured_in_words(value: object, words: int) -> None:
    size, signature, figures = TEXTS.inspect(value)
    assert size == (words,)
    assert dict(zip(TEXTS.properties, figures, strict=True))["words"] == words
    assert len(signature) == TEXTS.signature_bytes


def test_letters_and_capitals_are_counted() -> None:
    _, _, figures = TEXTS.inspect("ABC de, 1!")
    assert dict(zip(TEXTS.properties, figures, strict=True)) == {
        "words": 3,
        "characters": 10,
        "capitals": 0.6,
    }
    assert TEXTS.inspect("12 !")[2][2] == 0


def test_a_pair_is_joined_by_a_space() -> None:
    assert joined_text(("a b", "c")) == "a b c"
    assert joined_text("a") == "a"


def test_an_argument_is_a_text_or_a_pair_or_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(" from a file\n", encoding="utf-8")
    (tmp_path / "y.md").write_text("no text file")
    assert read("a film. good") == [("a film. good", "a film. good")]
    assert read("one\ttwo") == [("one\ttwo", ("one", "two"))]
    assert read(str(tmp_path / "x.txt")) == [(str(tmp_path / "x.txt"), "from a file")]
    assert [value for _, value in read(str(tmp_path), "more")] == ["from a file", "more"]


def test_a_missing_file_and_nothing_at_all_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.txt: no such file"):
        TEXTS.given([str(tmp_path / "gone.txt")])
    with pytest.raises(UserError, match="no texts were given"):
        TEXTS.given([str(tmp_path)])


def test_a_text_longer_than_any_file_name_is_a_text() -> None:
    text = "word " * 5000
    assert read(text) == [(text, text)]


def test_a_broken_file_is_read_with_an_error_that_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"caf\xe9")
    [(_, value)] = TEXTS.given([str(tmp_path / "x.txt")])
    with pytest.raises(OSError, match="byte 3, 0xe9, is not UTF-8"):
        value()
