"""Entries are ordered by what they reached, with a reason each and the Pareto front of what is sure."""

from typing import Any

import numpy as np
import pytest

from finetrust.selection.ensemble import default_weights
from finetrust.selection.entry import Entry
from finetrust.selection.order import PROBES, ordered, qualities, values_of
from finetrust.selection.paired import paired_gap, written


def figure(value: float, half: float) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "n": 100}


def answers(accuracy: float) -> dict[str, str]:
    return written(np.arange(100) < round(100 * accuracy), np.arange(100))


def entry(name: str, accuracy: float, ms: float = 10.0, **changes: Any) -> Entry:
    result = {
        "n": 100,
        "accuracy": figure(accuracy, 0.02) | {"details": answers(accuracy)},
        "calibration_error": figure(changes.pop("ece", 0.1), 0.02),
        "moved": figure(changes.pop("moved", 0.5), 0.05),
        "near_ood": figure(0.8, 0.02),
        "scores": {"linear-probe": {"value": accuracy}, "logme": {"value": accuracy}},
    }
    result["scores"] |= {
        name: {"value": value} for name, value in changes.pop("scores", {}).items()
    }
    cost = {"latency_ms": ms, "latency_ms_low": ms * 0.9, "latency_ms_high": ms * 1.1}
    given = {"status": "ranked", "n_items": 1000, **changes}
    return Entry(name, {"model": name}, result=result, cost=cost, **given)


def names(entries: list[Entry]) -> list[str]:
    return [e.name for e in entries]


def test_the_best_comes_first_and_says_by_how_much() -> None:
    found = ordered([entry("low", 0.7), entry("high", 0.9)], [])
    assert names(found) == ["high", "low"]
    assert [e.rank for e in found] == [1, 2]
    assert "ahead of low" in found[0].why
    assert "+20.0 points" in found[0].why
    assert found[1].why == "probe -20.0 points (-27.8 to -11.4) against high"


def test_all_scores_together_can_put_one_ahead_whose_probe_is_a_little_worse() -> None:
    first = entry("first", 0.88, scores=dict.fromkeys(default_weights(), 0.9))
    found = ordered(
        [entry("second", 0.89, scores=dict.fromkeys(default_weights(), 0.1)), first], []
    )
    assert names(found) == ["first", "second"]
    assert found[0].why.startswith("ahead of second by all scores together; probe -1.0 points")


def test_probes_of_few_labels_and_of_other_layers_take_part() -> None:
    one = entry("one", 0.8)
    one.result["data_size"] = {"measured": [{"accuracy": value} for value in (0.5, 0.6, 0.8)]}
    one.result["depth"] = {"points": [{"accuracy": value} for value in (0.4, 0.9, 0.8)]}
    found = {name: value for name, value in values_of(one).items() if name in PROBES}
    expected = {
        "probe": 0.8,
        "probe-10": 0.5,
        "probe-30": 0.6,
        "best-layer": 0.9,
        "mean-layer": 0.7,
    }
    assert found == pytest.approx(expected)
    one.result["depth"] = {"reason": "no layer yields maps"}
    assert set(values_of(one)) & {"best-layer", "mean-layer"} == set()


def test_a_score_that_does_not_apply_takes_no_part() -> None:
    headless = entry("headless", 0.8, scores={"gbc": 1.0})
    headless.result["scores"]["leep"] = {"reason": "the model has no head"}
    assert set(values_of(headless)) == {"linear-probe", "logme", "gbc", "probe"}
    assert qualities([headless]) == {"headless": 0}


def test_a_difference_that_chance_can_make_is_called_so() -> None:
    found = ordered([entry("a", 0.9), entry("b", 0.89)], [])
    assert "no clear difference" in found[1].why


def test_probes_are_compared_on_the_same_observations() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(203) < 0.8, rng.random(203) < 0.7
    rows = np.arange(203)
    figures = [
        {"value": right.mean(), "n": 203, "details": written(right, rows)} for right in (one, other)
    ]
    gap, low, high = paired_gap(*figures)
    assert gap == pytest.approx(one.mean() - other.mean())
    assert low < gap < high
    elsewhere = {**figures[1], "details": written(other, rows + 1)}
    assert paired_gap(figures[0], elsewhere) is None


def test_what_is_cheap_or_robust_is_on_the_front_and_what_is_neither_is_not() -> None:
    found = ordered(
        [
            entry("best", 0.9),
            entry("quick", 0.8, ms=1.0),
            entry("calm", 0.8, moved=0.2),
            entry("none", 0.8),
        ],
        [],
    )
    front = {e.name for e in found if e.pareto}
    assert front == {"best", "quick", "calm"}
    why = {e.name: e.why for e in found}
    assert "10.0 times faster" in why["quick"]
    assert "moves less when disturbed" in why["calm"]


def test_a_hair_puts_nobody_on_the_front() -> None:
    found = ordered([entry("best", 0.9), entry("same", 0.8, ms=9.9, ece=0.099)], [])
    assert [e.pareto for e in found] == [True, False]


def test_those_examined_on_more_items_stand_before_others_and_the_rest_at_the_end() -> None:
    short = entry("short", 0.99, status="unfinished", n_items=500)
    dropped = entry("dropped", 0.2, status="dropped", n_items=500, why="dropped after 500 items")
    failed = Entry("failed", {"model": "failed"}, "failed", "unknown model")
    found = ordered([dropped, short, entry("whole", 0.9)], [failed])
    assert names(found) == ["whole", "short", "dropped", "failed"]
    assert found[1].why.startswith("the budget ended after 500 items")
    assert found[2].why == "dropped after 500 items"
    assert found[3].rank is None
    assert not found[1].pareto


def test_one_that_has_no_probe_comes_last_among_its_like() -> None:
    blank = entry("blank", 0.9)
    absent = {"value": None, "low": None, "high": None, "n": 0, "reason": "no class has two items"}
    none = {"reason": "x"}
    result = {**blank.result, "accuracy": absent, "scores": {"logme": none}}
    found = ordered(
        [Entry("blank", {}, "ranked", result=result, n_items=1000), entry("a", 0.1)], []
    )
    assert names(found) == ["a", "blank"]
