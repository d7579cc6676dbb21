"""The threshold that promises a risk: plain loops, its promise, and the method that it replaces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from finetrust.core.errors import NotApplicable
from finetrust.trust.accuracy.selective.guaranteed_risk import RiskTable, items_needed


def fixed_sequence(confidence: np.ndarray, wrong: np.ndarray, risk: float) -> float | None:
    """Return the threshold by plain loops, every item a step (for up to 200 without ties)."""
    order = np.argsort(-confidence)
    ranked, n = confidence[order], len(wrong)
    first = int(max(np.ceil(np.log(0.05) / np.log(1 - risk)), np.ceil(0.2 * n)))
    found = None
    for k in range(first, n + 1):
        if binom.cdf(wrong[order][:k].sum(), k, risk) > 0.05:
            break
        found = ranked[k] if k < n else -1.0
    return found


def selection_with_guaranteed_risk(confidence: np.ndarray, wrong: np.ndarray, risk: float) -> int:
    """Return how many items are answered by algorithm 1 of Geifman & El-Yaniv 2017."""
    errors = np.cumsum(wrong[np.argsort(-confidence)])
    n, steps = len(wrong), int(np.ceil(np.log2(len(wrong))))
    low, high, answered = 1, n, 0
    for _ in range(steps):
        z = (low + high + 1) // 2
        bound = beta.ppf(1 - 0.05 / steps, errors[z - 1] + 1, z - errors[z - 1])
        if bound <= risk:
            answered, low = max(answered, z), z
        else:
            high = z
    return answered


def world(n: int, rng: np.random.Generator, steepness: float = 3) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and errors whose rate at a confidence c is 0.3 (1 - c)^steepness."""
    confidence = rng.random(n)
    return confidence, rng.random(n) < 0.3 * (1 - confidence) ** steepness


def true_risk(threshold: float, steepness: float = 3) -> float:
    """Return the risk of the answers above a threshold in that world."""
    left = 1 - max(threshold, 0.0)
    return 0.3 * left**steepness / (steepness + 1)


def threshold_or_none(table: RiskTable, risk: float) -> float | None:
    try:
        return table.threshold_for(risk)
    except NotApplicable:
        return None


@given(st.integers(0, 300), st.integers(1, 200), st.sampled_from([0.02, 0.05, 0.2]))
def test_it_is_what_plain_loops_find(seed: int, n: int, risk: float) -> None:
    confidence, wrong = world(n, np.random.default_rng(seed))
    found = threshold_or_none(RiskTable.of(confidence, wrong), risk)
    assert found == fixed_sequence(confidence, wrong, risk)


@pytest.mark.parametrize(("n", "risk"), [(300, 0.05), (1000, 0.02), (150, 0.1)])
def test_the_promise_holds_in_95_of_100_draws(n: int, risk: float) -> None:
    rng = np.random.default_rng(n)
    kept = []
    for _ in range(600):
        found = threshold_or_none(RiskTable.of(*world(n, rng)), risk)
        kept.append(found is None or true_risk(found) <= risk)
    assert np.mean(kept) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 600)


def test_more_is_answered_than_by_the_selection_with_guaranteed_risk() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for _ in range(60):
        confidence, wrong = world(1000, rng)
        found = threshold_or_none(RiskTable.of(confidence, wrong), 0.02)
        ours.append(0.0 if found is None else (confidence > found).mean())
        theirs.append(selection_with_guaranteed_risk(confidence, wrong, 0.02) / 1000)
    assert np.mean(ours) > np.mean(theirs) + 0.02


def test_too_few_items_are_told_how_many_it_takes() -> None:
    assert items_needed(0.05) == 59
    assert items_needed(0.01) == 299
    right = RiskTable.of(np.linspace(0, 1, 58), np.zeros(58, bool))
    with pytest.raises(NotApplicable, match=r"58 validation items cannot promise.* 59 at least"):
        right.threshold_for(0.05)
    assert RiskTable.of(np.linspace(0, 1, 59), np.zeros(59, bool)).threshold_for(0.05) == -1


def test_where_the_surest_answers_are_wrong_nothing_is_promised() -> None:
    wrong = RiskTable.of(np.linspace(0, 1, 500), np.ones(500, bool))
    with pytest.raises(NotApplicable, match=r"of the 100 most confident of 500.* 100 are wrong"):
        wrong.threshold_for(0.05)


def test_equal_confidence_is_answered_together() -> None:
    confidence = np.repeat([0.9, 0.5], [200, 100])
    wrong = np.arange(300) >= 200
    table = RiskTable.of(confidence, wrong)
    assert table.answered.tolist() == [200, 300]
    assert table.threshold_for(0.05) == 0.5
    one = RiskTable.of(np.array([0.7]), np.array([False]))
    assert (one.answered.tolist(), one.threshold.tolist()) == ([1], [-1.0])


def test_a_higher_risk_answers_no_less() -> None:
    table = RiskTable.of(*world(2000, np.random.default_rng(3)))
    thresholds = [table.threshold_for(risk) for risk in (0.01, 0.02, 0.05, 0.1)]
    assert thresholds == sorted(thresholds, reverse=True)


def test_it_comes_back_from_json_and_stays_small() -> None:
    table = RiskTable.of(*world(10_000, np.random.default_rng(4)))
    again = RiskTable.from_json(table.to_json())
    assert len(again.answered) == 200
    assert again.threshold_for(0.02) == table.threshold_for(0.02)
    assert again.error == table.error
