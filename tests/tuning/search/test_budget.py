"""A budget is so many trials, or so much time; the first one ends a search."""

from finetrust.tuning.search.budget import Budget


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
