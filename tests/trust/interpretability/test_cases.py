"""Which items are shown."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.interpretability.cases import confident_errors, random_correct


def test_the_most_confident_errors_come_first() -> None:
    predicted, targets = np.array([0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 0])
    confidence = np.array([0.99, 0.6, 0.99, 0.8, 0.7])
    assert confident_errors(predicted, targets, confidence, 2).tolist() == [3, 4]
    assert confident_errors(predicted, targets, confidence, 9).tolist() == [3, 4, 1]


def test_of_equally_confident_errors_the_first_is_shown() -> None:
    assert confident_errors(np.ones(4), np.zeros(4), np.full(4, 0.5), 2).tolist() == [0, 1]


def test_an_item_without_an_answer_is_never_shown() -> None:
    predicted = np.array([NO_ANSWER, 1, 0])
    confidence = np.array([np.nan, 0.6, 0.9])
    assert confident_errors(predicted, np.zeros(3), confidence, 3).tolist() == [1]
    assert random_correct(predicted, np.zeros(3), 3, seed=0).tolist() == [2]


@given(st.lists(st.booleans(), max_size=20), st.integers(0, 8), st.integers(0, 100))
def test_random_cases_are_right_different_and_as_many_as_asked_for(
    right: list[bool], count: int, seed: int
) -> None:
    predicted = np.array(right, dtype=int)
    rows = random_correct(predicted, np.ones(len(right)), count, seed)
    assert len(set(rows.tolist())) == len(rows) == min(count, sum(right))
    assert all(right[row] for row in rows)
    assert rows.tolist() == sorted(rows)
    assert rows.tolist() == random_correct(predicted, np.ones(len(right)), count, seed).tolist()


def test_every_right_item_is_drawn_as_often_as_any_other() -> None:
    drawn = [random_correct(np.zeros(5), np.zeros(5), 2, seed) for seed in range(2000)]
    counts = np.bincount(np.concatenate(drawn), minlength=5)
    assert abs(counts - 800).max() < 4 * (2000 * 0.4 * 0.6) ** 0.5
