"""Requirements judged on intervals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.comparison import Difference
from finetrust.core.measure import Measure
from finetrust.gates.gate import Gate
from finetrust.gates.items_needed import items_needed
from finetrust.gates.judge import judged, judged_beside, status_of, without_value
from finetrust.gates.requirement import Bound, Requirement, Versus, parse
from finetrust.trust.accuracy.intervals import wilson

MEASURE = Measure(
    "accuracy", "accuracy", "Accuracy", 0.9, 0.85, 0.94, 200, "%", "higher", "", "", share=True
)
DIFFERENCE = Difference(
    run="b", name="nll", subset="", title="NLL", unit="", better="lower", axis="accuracy",
    reference=0.5, value=0.48, ci_low=-0.03, ci_high=-0.01, p_value=0.01, adjusted_p=0.01, n=100,
    paired=True, method="",
)  # fmt: skip
ENDS = st.lists(
    st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]) | st.floats(0, 1), min_size=2, max_size=2
)
ORDER = ("failed", "not shown", "passed")


def status(requirement: str, measure: Measure = MEASURE) -> str:
    bound = parse(requirement)
    assert isinstance(bound, Bound)
    return judged(Gate("accuracy", bound), bound, measure).status


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("> 0.84", "passed"),
        ("> 0.85", "not shown"),
        (">= 0.85", "passed"),
        ("> 0.9", "not shown"),
        (">= 0.94", "not shown"),
        ("> 0.94", "failed"),
        ("> 0.95", "failed"),
        ("< 0.95", "passed"),
        ("< 0.94", "not shown"),
        ("<= 0.94", "passed"),
        ("<= 0.85", "not shown"),
        ("< 0.85", "failed"),
    ],
)
def test_the_whole_interval_must_meet_it(requirement: str, expected: str) -> None:
    assert status(requirement) == expected


@given(ENDS.map(sorted), st.floats(0, 1), st.floats(0, 1), st.sampled_from(["<", "<=", ">", ">="]))
def test_loosening_a_bound_never_makes_it_worse(ends, one, other, operator) -> None:
    strict, loose = sorted([one, other], reverse=operator.startswith(">"))
    before, after = (status_of(Bound(operator, x), *ends) for x in (strict, loose))
    assert ORDER.index(after) >= ORDER.index(before)
    with_equal = status_of(Bound(operator[0] + "=", strict), *ends)
    assert ORDER.index(with_equal) >= ORDER.index(status_of(Bound(operator[0], strict), *ends))


@given(
    ENDS.map(sorted), st.floats(0, 1), st.floats(0, 0.5), st.sampled_from(["<", "<=", ">", ">="])
)
def test_a_narrower_interval_never_turns_an_answer_around(ends, limit, cut, operator) -> None:
    low, high = ends
    narrow = low + cut * (high - low), high - cut * (high - low)
    before, after = (status_of(Bound(operator, limit), *pair) for pair in (ends, narrow))
    assert before in ("not shown", after)


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("not worse than runs/a by 0.001", "passed"),
        ("better than runs/a", "passed"),
        ("better than runs/a by 0.01", "not shown"),
        ("better than runs/a by 0.02", "not shown"),
        ("better than runs/a by 0.03", "failed"),
    ],
)
def test_a_gain_counts_in_the_direction_that_is_better(requirement: str, expected: str) -> None:
    versus = parse(requirement)
    assert isinstance(versus, Versus)
    found = judged_beside(Gate("nll", versus), versus, DIFFERENCE, "")
    assert found.status == expected
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx((0.02, 0.01, 0.03))
    assert found.is_gain


@given(ENDS.map(sorted), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_wider_margin_never_makes_it_worse(ends, one, other) -> None:
    found = replace(DIFFERENCE, ci_low=ends[0] - 0.5, ci_high=ends[1] - 0.5)
    narrow, wide = (
        judged_beside(Gate("nll", v), v, found, "").status
        for v in (Versus("a", -margin) for margin in sorted([one, other]))
    )
    assert ORDER.index(wide) >= ORDER.index(narrow)


def test_why_two_runs_are_not_compared_in_pairs_is_said() -> None:
    versus = Versus("runs/a", 0.0)
    found = judged_beside(Gate("nll", versus), versus, DIFFERENCE, "they have other items")
    assert "Not compared item by item: they have other items." in found.said


def test_without_a_value_it_is_not_met_and_the_reason_is_said() -> None:
    bound: Requirement = Bound(">", 0.5)
    found = without_value(Gate("auroc", bound, "law"), "auroc", "there is one class only")
    assert not found.passed
    assert found.said == "There is no value: there is one class only."
    assert found.reason == "law"


@pytest.mark.parametrize(("value", "limit"), [(0.93, 0.9), (1.0, 0.98), (0.52, 0.5), (0.05, 0.02)])
def test_so_many_items_of_a_share_show_it_and_fewer_do_not(value: float, limit: float) -> None:
    bound = Bound(">", limit)
    needed = items_needed(bound, value, (0.0, 1.0), 20, True)
    assert needed is not None
    assert wilson(value * needed, needed)[0] > limit
    fewer = int(0.85 * needed)
    assert wilson(value * fewer, fewer)[0] <= limit


def test_the_number_of_items_shrinks_an_interval_like_its_square_root() -> None:
    assert items_needed(Bound("<", 0.5), 0.4, (0.2, 0.6), 100, False) == 400
    assert items_needed(Bound(">", 0.3), 0.4, (0.2, 0.6), 100, False) == 400


def test_no_number_of_items_helps_a_value_that_is_not_enough() -> None:
    for limit in (0.4, 0.3):
        assert items_needed(Bound("<", limit), 0.4, (0.2, 0.6), 100, False) is None
    assert items_needed(Bound(">", 0.5), 0.5 + 1e-9, (0.4, 0.6), 100, True) is None
    outcome = judged(Gate("accuracy", b := Bound(">", 0.92)), b, MEASURE)
    assert "More items would not help" in outcome.said


def test_what_is_not_shown_says_how_many_items_would_do() -> None:
    bound = Bound(">", 0.88)
    outcome = judged(Gate("accuracy", bound), bound, MEASURE)
    needed = items_needed(bound, 0.9, (0.85, 0.94), 200, True)
    assert f"200 items do not suffice; about {needed:,} would" in outcome.said
    rng = np.random.default_rng(0)
    hits = rng.binomial(needed, 0.9, 2000)
    assert 0.3 <= np.mean(wilson(hits, needed)[0] > 0.88) <= 0.7
