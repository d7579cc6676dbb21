"""CoNLL and BIO files: words, tags, splits, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from finetrust.core.errors import UserError
from finetrust.data.formats.conll_file import looks_tagged
from finetrust.data.source import DataOptions, open_dataset

TWO_TEXTS = "Ann\tB-per\nsleeps\tO\n\nin\tO\nRome\tB-loc\n"


def write(file: Path, text: str | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def texts_of(source: Path, **options: str) -> list[list[tuple[str, str]]]:
    dataset = open_dataset(source, DataOptions(**options))
    return [
        [(word, dataset.classes[tag]) for word, tag in zip(words, tags, strict=True)]
        for words, tags in zip(dataset.inputs, dataset.targets, strict=True)
    ]


def test_every_line_is_a_word_and_blank_lines_part_texts(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path / "a.conll", TWO_TEXTS))
    assert dataset.task == "token-classification"
    assert dataset.kind.name == "text"
    assert list(dataset.inputs) == [("Ann", "sleeps"), ("in", "Rome")]
    assert dataset.classes == ("O", "B-loc", "B-per")
    assert [tags.tolist() for tags in dataset.targets] == [[2, 0], [0, 1]]
    assert dataset.targets[0].dtype == np.int64
    assert dataset.ids == ("a.conll:1", "a.conll:4")
    assert set(dataset.splits.tolist()) == {""}


def test_the_word_is_the_first_column_and_the_tag_the_last_or_the_one_named(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.conll", "-DOCSTART- -X- -X- O\n\nAnn NNP B-NP B-per\nran VBD B-VP O\n"
    )
    assert texts_of(file) == [[("Ann", "B-per"), ("ran", "O")]]
    assert texts_of(file, label_column="2") == [[("Ann", "NNP"), ("ran", "VBD")]]


def test_conllu_has_remarks_joined_words_and_named_columns(tmp_path: Path) -> None:
    lines = [
        "# text = du vin",
        "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_",
        "1\tde\tde\tADP\t_\t_\t3\tcase\t_\t_",
        "2\tle\tle\tDET\t_\t_\t3\tdet\t_\t_",
        "3\tvin\tvin\tNOUN\t_\t_\t0\troot\t_\t_",
    ]
    file = write(tmp_path / "fr.conllu", "\n".join(lines) + "\n")
    assert texts_of(file) == [[("de", "ADP"), ("le", "DET"), ("vin", "NOUN")]]
    assert texts_of(file, label_column="deprel")[0][2] == ("vin", "root")


@pytest.mark.parametrize("blank", ["", " ", "\t", "\r"])
def test_blank_lines_may_have_space_in_them_and_windows_line_ends(
    tmp_path: Path, blank: str
) -> None:
    text = f"\ufeffa\tO\r\n{blank}\n{blank}\nb\tB-x\r\n"
    assert texts_of(write(tmp_path / "a.bio", text)) == [[("a", "O")], [("b", "B-x")]]


def test_words_may_be_marks_unusual_spaces_or_line_separators(tmp_path: Path) -> None:
    text = "#\tO\n#\tB-x\n\u00a0x\tO\na\u2028b\tO\nNew York\tB-loc\n"
    [words] = open_dataset(write(tmp_path / "a.conll", text)).inputs
    assert words == ("#", "#", "x", "a\u2028b", "New York")


def test_remarks_before_a_text_are_skipped(tmp_path: Path) -> None:
    text = "# id 17 domain=en\na _ _ O\nb _ _ B-x\n\n# id 18 domain=en\n# _ _ O\n"
    assert texts_of(write(tmp_path / "a.conll", text)) == [[("a", "O"), ("b", "B-x")], [("#", "O")]]


def test_a_folder_has_a_file_for_each_split(tmp_path: Path) -> None:
    for name in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated", "README.md"):
        write(tmp_path / name, TWO_TEXTS)
    write(tmp_path / "emerging.test.conll", "Ann\tO\n")
    dataset = open_dataset(tmp_path)
    assert dict(zip(dataset.ids, dataset.splits.tolist(), strict=True)) == {
        "emerging.dev.conll:1": "val",
        "emerging.dev.conll:4": "val",
        "emerging.test.annotated:1": "test",
        "emerging.test.annotated:4": "test",
        "wnut17train.conll:1": "train",
        "wnut17train.conll:4": "train",
    }
    assert dataset.notes == (
        "emerging.test.conll was left out: emerging.test.annotated has the same name",
    )


def test_text_files_with_tags_are_read_too(tmp_path: Path) -> None:
    for name in ("train.txt", "valid.txt", "test.txt"):
        write(tmp_path / name, "-DOCSTART- O\n\nAnn B-per\nran O\n")
    write(tmp_path / "notes.txt", "Some remarks.\nNothing else.\n")
    dataset = open_dataset(tmp_path)
    assert sorted(set(dataset.splits.tolist())) == ["test", "train", "val"]
    assert len(dataset) == 3


@pytest.mark.parametrize("text", ["text\tlabel\ngood\tpos\n", "one\ntwo\n", "", "a O\nb c O\n"])
def test_other_files_are_not_taken_for_tagged_ones(tmp_path: Path, text: str) -> None:
    assert not looks_tagged(write(tmp_path / "a.tsv", text))


def test_a_folder_whose_files_name_no_split_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "train.conll", TWO_TEXTS)
    write(tmp_path / "more.conll", TWO_TEXTS)
    with pytest.raises(UserError, match=r"more\.conll: the name does not say which split"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tO\nb\n", r"a\.conll, line 2: a word without a tag"),
        ("a\tO\nb\t\n", r"a\.conll, line 2: no tag"),
        ("a\tO\n\tO\n", r"a\.conll, line 2: no word"),
        ("a\tO\n\nb\tX\tO\nc\tO\n", r"a\.conll, line 3: 3 columns, the other lines have 2"),
        ("a\tO\nb\tB-x,B-y\n", r"line 2: 'B-x,B-y' is several tags"),
        (b"a\tO\n\xff\tO\n", r"a\.conll, line 2: not UTF-8"),
        ("a\nb\n", r"line 1: a word without a tag"),
        ("\n\n", r"the file holds no words"),
        ("", r"the file holds no words"),
    ],
)
def test_a_bad_file_is_an_error_that_says_where(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        open_dataset(write(tmp_path / "a.conll", text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("column", ["ner", "7", "1"])
def test_a_column_that_is_not_there_is_an_error(tmp_path: Path, column: str) -> None:
    file = write(tmp_path / "a.conll", TWO_TEXTS)
    with pytest.raises(UserError, match=r"column"):
        open_dataset(file, DataOptions(label_column=column))


def test_texts_are_told_apart_by_their_words(tmp_path: Path) -> None:
    file = write(tmp_path / "a.conll", "New York\tO\n\nNew\tO\nYork\tO\n")
    inputs = open_dataset(file).inputs
    assert inputs.content(0) != inputs.content(1)
    assert inputs.location(0) is None


def test_wnut_2017_is_read_whole(shared: Path) -> None:
    dataset = open_dataset(shared / "wnut17")
    splits, counts = np.unique(dataset.splits, return_counts=True)
    assert dict(zip(splits.tolist(), counts.tolist(), strict=True)) == {
        "test": 1287,
        "train": 3394,
        "val": 1009,
    }
    assert len(dataset.classes) == 13
    assert sum(map(len, dataset.targets)) == 62730 + 15733 + 23394
