"""Hugging Face data sets of words and their tags."""

from pathlib import Path
from typing import Any

import pytest

from finetrust.core.errors import UserError
from finetrust.data.formats.huggingface_tags import tagged_parts, token_columns
from finetrust.data.source import DataOptions, open_dataset

datasets = pytest.importorskip("datasets")


def part(tags: list[list[Any]], names: list[str] | None, words: list[list[str]]) -> Any:
    tag = datasets.ClassLabel(names=names) if names else datasets.Value("string")
    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(tag),
        }
    )
    rows = {"id": [*map(str, range(len(words)))], "tokens": words, "ner_tags": tags}
    return datasets.Dataset.from_dict(rows, features=features)


WORDS = [["Ann", "ran"], ["Rome"]]


def test_words_and_tags_are_found_by_their_names_and_types() -> None:
    found = part([[1, 0], [2]], ["O", "B-per", "B-loc"], WORDS)
    assert token_columns(found.features, DataOptions()) == ("tokens", "ner_tags")
    assert token_columns(found.remove_columns("tokens").features, DataOptions()) is None
    assert token_columns(found.features, DataOptions(label_column="id")) is None


def test_class_labels_and_texts_say_the_same() -> None:
    expected = (("O", "B-loc", "B-per"), [[2, 0], [1]])
    for parts in (
        {"train": part([[1, 0], [2]], ["O", "B-per", "B-loc"], WORDS)},
        {"train": part([["B-per", "O"], ["B-loc"]], None, WORDS)},
    ):
        inputs, targets, classes = tagged_parts("hf:x", parts, "tokens", "ner_tags")
        assert (classes, [row.tolist() for row in targets]) == expected
        assert list(inputs) == [("Ann", "ran"), ("Rome",)]


def test_a_row_with_a_tag_too_few_is_an_error_that_says_where() -> None:
    parts = {"train": part([[1, 0], []], ["O", "B-per"], WORDS)}
    with pytest.raises(UserError, match=r"hf:x, train/000001: 1 words and 0 tags"):
        tagged_parts("hf:x", parts, "tokens", "ner_tags")


def test_a_folder_of_such_data_is_opened_for_token_classification(tmp_path: Path) -> None:
    part([[1, 0], [2]], ["O", "B-per", "B-loc"], WORDS).save_to_disk(str(tmp_path / "tags"))
    dataset = open_dataset(f"hf:{tmp_path / 'tags'}")
    assert dataset.task == "token-classification"
    assert dataset.kind.name == "text"
    assert dataset.inputs[0] == ("Ann", "ran")
