"""What becomes of an answer as words are hidden, against plain loops; and the rivals."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.models.text_preprocessing import Encoded, TextPreprocessing
from finetrust.trust.interpretability.words.hidden_words import hiding
from finetrust.trust.interpretability.words.removal import (
    FRACTIONS,
    n_variants,
    rationale_sizes,
    word_curves,
)
from finetrust.trust.interpretability.words.rivals import (
    random_words,
    rare_words,
    texts_with_word,
)
from finetrust.trust.interpretability.words.span_removals import infidelities, span_removals
from finetrust.trust.interpretability.words.worded import worded

from .readers import bag, reading

TEXTS = (
    "the plot was goodness itself, and not dull!",
    "a very fine film",
    "bad",
    "the good story is the good film of it and it is happy and it is not very boring",
)
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> TextPreprocessing:
    return reading(tmp_path_factory.mktemp("model"))


class Answers:
    """The probability of the second class by a bag of words, and how often it was asked for."""

    def __init__(self, preprocessing: TextPreprocessing) -> None:
        self.network, self.preprocessing = bag(preprocessing), preprocessing
        self.asked = 0

    def __call__(self, encoded: Sequence[Encoded], rows: np.ndarray) -> np.ndarray:
        self.asked += len(encoded)
        with torch.no_grad():
            logits = [self.network(self.preprocessing.collate([one]))[0] for one in encoded]
        return torch.stack(logits).double().softmax(1)[:, 1].numpy()

    def of(self, text: str) -> float:
        return float(self([self.preprocessing.transform()(text)], np.zeros(1, int))[0])


def spoken(words: list[str]) -> str:
    return " ".join(words)


def test_the_figures_are_those_of_a_plain_loop(preprocessing: TextPreprocessing) -> None:
    """ERASER's equations 1 to 3 and the areas, on texts that are written anew without words."""
    answers = Answers(preprocessing)
    made = [worded(preprocessing, text) for text in TEXTS]
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=len(text)) for text in made]
    hide = hiding(preprocessing, "removed")
    [curves] = word_curves(answers, hide, made, [maps], torch.zeros(4, dtype=torch.int64))
    for text, of_words, curve in zip(made, maps, curves, strict=True):
        words, k = list(text.words), len(text)
        order = np.argsort(-of_words)

        def without(count: int, words=words, order=order) -> float:
            return answers.of(spoken([w for i, w in enumerate(words) if i not in order[:count]]))

        def alone(count: int, words=words, order=order) -> float:
            return answers.of(spoken([w for i, w in enumerate(words) if i in order[:count]]))

        sizes = [int(np.ceil(np.round(share * k, 9))) for share in SHARES]
        figures = curve.figures()
        whole = answers.of(spoken(words))
        expected = np.mean([whole - without(size) for size in sizes])
        assert figures["comprehensiveness"] == pytest.approx(expected, abs=1e-6)
        expected = np.mean([whole - alone(size) for size in sizes])
        assert figures["sufficiency"] == pytest.approx(expected, abs=1e-6)
        counts = sorted({round(f * k) for f in FRACTIONS} | set(sizes))
        at = [count / k for count in counts]
        area = np.trapezoid([without(count) for count in counts], at)
        assert figures["deletion"] == pytest.approx(area, abs=1e-6)
        area = np.trapezoid([alone(count) for count in counts], at)
        assert figures["insertion"] == pytest.approx(area, abs=1e-6)


def test_no_variant_is_read_twice(preprocessing: TextPreprocessing) -> None:
    answers = Answers(preprocessing)
    made = [worded(preprocessing, text) for text in TEXTS]
    maps = [np.arange(len(text), dtype=float) for text in made]
    seeds = torch.zeros(4, dtype=torch.int64)
    word_curves(answers, hiding(preprocessing, "removed"), made, [maps, maps], seeds)
    assert answers.asked <= sum(n_variants(len(text), 1, FRACTIONS) for text in made)


def test_a_map_that_is_not_finite_and_a_text_without_words_have_no_curve(
    preprocessing: TextPreprocessing,
) -> None:
    made = [worded(preprocessing, text) for text in ("a film", "")]
    maps = [np.array([1.0, np.nan]), np.empty(0)]
    seeds = torch.zeros(2, dtype=torch.int64)
    hide = hiding(preprocessing, "removed")
    assert word_curves(Answers(preprocessing), hide, made, [maps], seeds) == [[None, None]]


@given(st.integers(1, 500))
def test_no_rationale_is_empty_or_more_than_half_and_a_word(words: int) -> None:
    sizes = rationale_sizes(words)
    assert sizes == sorted(sizes)
    assert sizes[0] >= 1
    assert sizes[-1] == (words + 1) // 2
    assert sizes[0] == -(-words // 100)


def test_an_explanation_that_says_what_each_run_does_has_no_infidelity(
    preprocessing: TextPreprocessing,
) -> None:
    made = [worded(preprocessing, text) for text in TEXTS]
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=len(text)) for text in made]
    where = {
        hiding(preprocessing, "mask")(text, keep).windows[0].tobytes(): float(of[keep].sum())
        for text, of in zip(made, maps, strict=True)
        for keep in _runs(len(text))
    }

    def score(encoded: Sequence[Encoded], rows: np.ndarray) -> np.ndarray:
        return np.array([where[one.windows[0].tobytes()] for one in encoded])

    hide, seeds = hiding(preprocessing, "mask"), torch.arange(4)
    removals = span_removals(score, hide, made, seeds)
    np.testing.assert_allclose(infidelities(removals, maps), 0, atol=1e-12)
    np.testing.assert_allclose(infidelities(removals, [7 * m for m in maps]), 0, atol=1e-12)
    zero = infidelities(removals, [0 * m for m in maps])
    np.testing.assert_allclose(zero, 1)


def _runs(words: int) -> list[np.ndarray]:
    place = np.arange(words)
    return [~((place >= a) & (place < b)) for a in range(words + 1) for b in range(a, words + 1)]


def test_rare_words_come_first(preprocessing: TextPreprocessing) -> None:
    counts = texts_with_word(["The film is good", "the plot the plot", ("a film", "is bad")])
    assert (counts["the"], counts["film"], counts["plot"], counts["bad"]) == (2, 2, 1, 1)
    [of_words] = rare_words([worded(preprocessing, "the Plot happy film")], counts)
    assert np.argsort(-of_words, kind="stable").tolist() == [2, 1, 0, 3]


def test_random_words_depend_on_the_text_alone(preprocessing: TextPreprocessing) -> None:
    made = [worded(preprocessing, text) for text in (TEXTS[0], "", TEXTS[0])]
    one, nothing, two = random_words(made, torch.tensor([5, 6, 7]))
    [again] = random_words(made[:1], torch.tensor([5]))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, two)
    assert len(nothing) == 0
