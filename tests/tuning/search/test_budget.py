"""A budget is so many trials, or so much time; the first one ends a search."""

import pytest

from finetrust.core.errors import UserError
from finetrust.tuning.search.budget import Budget, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1.5 h", 5400), ("10 min", 600)],
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["2", "h", "two hours", "0h", "-1h", "1h later", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no time"):
        seconds_of(text)


def test_trials_that_are_under_way_count() -> None:
    assert Budget(trials=3).allows(2, 0.0, [])
    assert not Budget(trials=3).allows(3, 0.0, [])


def test_a_trial_begins_only_if_one_of_the_usual_length_would_end_in_time() -> None:
    budget = Budget(seconds=100.0)
    assert budget.allows(0, 0.0, [])
    assert budget.allows(3, 70.0, [30.0, 20.0, 30.0])
    assert not budget.allows(3, 80.0, [30.0, 20.0, 30.0])


def test_a_search_takes_at_least_one_trial_however_small_the_budget() -> None:
    assert Budget(seconds=0.5).allows(0, 0.1, [])
    assert not Budget(seconds=0.5).allows(1, 3.0, [])


def test_what_is_left_is_told_by_the_usual_trial() -> None:
    assert Budget(trials=5).left(3, 60.0, [20.0, 20.0, 20.0]) == 40.0
    assert Budget(trials=50, seconds=100.0).left(3, 60.0, [20.0]) == 40.0
    assert Budget(trials=5).left(0, 0.0, []) is None
