"""Decisions on texts as coloured words: by which method, and what is told of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetrust.core.predictions import Predictions
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.trust.interpretability.explanation import Decisions
from finetrust.trust.interpretability.words.explained_words import NOT_BELIEVED
from finetrust.trust.interpretability.words.token_attributions import attribute_words
from finetrust.trust.trials.bench import Bench

from .readers import CLASSES, bench_of, dataset_of, reader_of, reading

TEXTS = ["a good film", "the plot was dull", "a dull good film", "a film", "good " * 1100]


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> TextPreprocessing:
    return reading(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def bench(preprocessing: TextPreprocessing) -> Bench:
    network = reader_of(preprocessing, 1, good=8.0, dull=-5.0)
    return bench_of(network, dataset_of(TEXTS, [1, 0, 0, 1, 0]))


def shown(bench: Bench, tables: dict[str, Predictions] | None = None) -> dict[str, dict]:
    found = {} if tables is None else {"word_explanations": tables}
    decisions = Decisions(
        bench.network, bench.dataset, bench.clean, CLASSES, {}, 3, 0, Path("unused"),
        replace(bench, found=found),
    )  # fmt: skip
    return {picture["id"]: dict(picture) for picture in attribute_words(decisions)}


def chosen(method: str, similarity: float) -> Predictions:
    """Return a table of the step ``choice`` that leads to a method."""
    values = {"insertion": 0.9, "deletion": 0.1, "weights": similarity}
    columns = {f"{method}.{name}": np.full(9, value) for name, value in values.items()}
    return Predictions(np.arange(9).astype(str), columns)


def test_where_none_was_chosen_integrated_gradients_explain(bench: Bench) -> None:
    found = shown(bench)
    assert {picture["method"] for picture in found.values()} == {"integrated_gradients"}
    right = found["test 0"]
    assert right["method_title"] == "Integrated Gradients"
    assert right["signed"]
    assert right["completeness_error"] < 0.01
    assert dict(right["tokens"])[" good"] == 1
    assert "warning" not in right


def test_the_most_confident_errors_are_shown_and_long_texts_are_not(bench: Bench) -> None:
    found = shown(bench)
    assert found["test 2"]["kind"] == "confident error"
    assert found["test 2"]["caption"].startswith("bad taken for good with ")
    assert dict(found["test 2"]["tokens"])[" dull"] < 0 < dict(found["test 2"]["tokens"])[" good"]
    assert "test 4" not in found


def test_the_chosen_method_explains_and_is_named(bench: Bench) -> None:
    found = shown(bench, {"choice": chosen("occlusion", 0.1)})
    assert {picture["method"] for picture in found.values()} == {"occlusion"}
    assert found["test 0"]["method_title"] == "Occlusion"
    assert "completeness_error" not in found["test 0"]
    assert dict(found["test 0"]["tokens"])[" good"] == 1


def test_one_that_does_not_change_with_the_weights_is_told_as_such(bench: Bench) -> None:
    found = shown(bench, {"choice": chosen("saliency", 0.9)})
    assert {picture["warning"] for picture in found.values()} == {NOT_BELIEVED}
    assert not found["test 0"]["signed"]
