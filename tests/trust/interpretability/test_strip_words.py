"""The sentences under a strip: nothing is said that was not computed."""

import numpy as np
import pytest

from finetrust.trust.interpretability.shown_heat import ShownHeat
from finetrust.trust.interpretability.strip_words import (
    NOT_BELIEVED,
    caption_of,
    heat_sentence,
    neighbours_sentence,
    warning_of,
)


@pytest.mark.parametrize(
    ("confidence", "told"),
    [(0.9994, "99.9%"), (0.99999, ">99.9%"), (1.0, "100.0%"), (0.25, "25.0%")],
)
def test_what_is_not_quite_certain_is_not_called_so(confidence: float, told: str) -> None:
    assert caption_of("cat", "cat", confidence) == f"cat, right, with {told} confidence"
    assert caption_of("dog", "cat", confidence) == f"dog taken for cat with {told} confidence"


@pytest.mark.parametrize(
    ("labels", "target", "said"),
    [
        (["cat"] * 5, "cat", "All 5 training images that it finds most similar are labelled cat."),
        (["cat"] * 5, "dog", "All 5 training images that it finds most similar are labelled cat."),
        (
            ["cat", "cat", "dog", "cat", "eel"],
            "dog",
            "3 of the 5 training images that it finds most similar are labelled cat, 1 is labelled dog.",
        ),
        (
            ["cat", "dog", "dog"],
            "cat",
            "1 of the 3 training images that it finds most similar is labelled cat.",
        ),
        (
            ["eel", "eel"],
            "dog",
            "None of the 2 training images that it finds most similar is labelled cat, "
            "none is labelled dog.",
        ),
        (["dog"], "dog", "The training image that it finds most similar is labelled dog."),
    ],
)
def test_similar_training_images_are_counted(labels: list[str], target: str, said: str) -> None:
    assert neighbours_sentence(labels, "cat", target) == said


def test_the_place_and_the_area_of_the_heat_are_told() -> None:
    heat = np.zeros((20, 20))
    heat[12:18, 2:8] = 1
    told = heat_sentence(ShownHeat.of(heat, signed=True), "cat")
    assert told == (
        "What speaks for cat lies mostly in the lower left, half of it on 4% of the image."
    )


def test_heat_without_a_place_and_no_heat_are_told() -> None:
    spread = ShownHeat.of(np.random.default_rng(0).random((20, 20)), signed=False)
    assert "is spread over the image, half of it on " in heat_sentence(spread, "cat")
    none = ShownHeat.of(-np.ones((20, 20)), signed=True)
    assert heat_sentence(none, "cat") == "The heat map shows nothing that speaks for cat."


def test_only_a_method_that_does_not_change_with_the_weights_is_warned_of() -> None:
    assert warning_of("does not change with the weights") == NOT_BELIEVED
    for answer in ("changes with the weights", "unclear", None):
        assert warning_of(answer) is None
