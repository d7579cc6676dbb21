"""Classes whose share has moved since training are told from chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.data.class_prior_shift import (
    class_prior_shift,
    distance_interval,
    homogeneity_test,
    total_variation,
)

from ..worlds import evidence_of, logits_for

counts = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(sum).map(np.array)


def judged(trained: object, counted: list[int], **rest: object) -> Estimate:
    targets = np.repeat(np.arange(len(counted)), counted)
    data = {"train_class_counts": trained}
    evidence = evidence_of(logits_for(targets, len(counted)), targets, data=data, **rest)
    (found,) = class_prior_shift(evidence)
    assert isinstance(found, Estimate)
    return found


def test_equal_shares_raise_no_alarm() -> None:
    found = judged([500, 300, 200], [50, 30, 20])
    assert found.value == pytest.approx(0)
    assert found.ci_low == 0
    assert found.n == 100
    assert found.details["alarm"] is False
    assert found.details["p_value"] == pytest.approx(1)


def test_moved_shares_raise_an_alarm_that_names_the_classes() -> None:
    found = judged([500, 300, 200], [20, 30, 50], classes=("cat", "dog", "eel"))
    assert found.value == pytest.approx(0.3)
    assert 0.1 < found.ci_low < 0.3 < found.ci_high
    assert found.details["alarm"] is True
    first, second = found.details["moved_most"]
    assert {first["class"], second["class"]} == {"cat", "eel"}
    assert (first["train"], first["evaluation"]) in ((0.5, 0.2), (0.2, 0.5))


def test_a_class_that_is_absent_from_the_test_has_moved_too() -> None:
    found = judged([500, 300, 200], [60, 40, 0])
    assert found.value == pytest.approx(0.2)
    assert found.details["alarm"] is True


def test_samples_of_one_world_seldom_look_apart() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.06, 0.04])
    p, low = [], []
    for seed in range(300):
        one, other = rng.multinomial(1000, shares), rng.multinomial(200, shares)
        p.append(homogeneity_test(one, other, seed)[1])
        low.append(distance_interval(one, other, seed)[0])
    assert 0.01 <= (np.array(p) < 0.05).mean() <= 0.09
    assert (np.array(p) >= 0.001).all()
    assert (np.array(low) == 0).mean() >= 0.95


def test_the_interval_holds_the_true_distance() -> None:
    rng = np.random.default_rng(1)
    one, other = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.3, 0.3, 0.2, 0.2])
    held = 0
    for seed in range(200):
        low, high = distance_interval(rng.multinomial(800, one), rng.multinomial(150, other), seed)
        held += low <= 0.1 <= high
    assert held >= 190


@given(counts, counts)
def test_the_test_is_that_of_scipy_where_no_class_is_rare(
    one: np.ndarray, other: np.ndarray
) -> None:
    one, other = one + 20, other + 20
    statistic, p = homogeneity_test(one, other, seed=0)
    reference = stats.chi2_contingency([one, other], correction=False)
    assert statistic == pytest.approx(reference.statistic)
    assert p == pytest.approx(reference.pvalue)


def test_rare_classes_are_judged_by_dealing_again_like_fishers_exact_test() -> None:
    one, other = np.array([40, 2]), np.array([6, 3])
    exact = stats.fisher_exact([one, other]).pvalue
    assert homogeneity_test(one, other, seed=0)[1] == pytest.approx(exact, abs=0.015)


@given(counts, counts, st.permutations(range(4)))
def test_the_distance_is_a_distance_and_the_names_of_classes_mean_nothing(
    one: np.ndarray, other: np.ndarray, order: list[int]
) -> None:
    d = total_variation(one, other)
    assert 0 <= d <= 1 + 1e-12
    assert d == pytest.approx(total_variation(other, one))
    assert d == pytest.approx(total_variation(one[order], other[order]))
    assert total_variation(one, 3 * one) == pytest.approx(0)
    low, high = distance_interval(one, other, seed=0)
    assert low <= d + 1e-12
    assert d <= high + 1e-12
    statistic, p = homogeneity_test(one, other, seed=0)
    assert statistic >= 0
    assert 0 < p <= 1


def test_one_item_and_one_class_show_nothing() -> None:
    one = judged([50, 50], [1, 0])
    assert one.details["alarm"] is False
    assert (one.ci_low, one.ci_high) == (0, 1)
    same = judged([50], [10])
    assert (same.value, same.details["p_value"]) == (0, 1)


@pytest.mark.parametrize("trained", [None, [], [0, 0]])
def test_unknown_training_data_are_the_reason(trained: object) -> None:
    with pytest.raises(NotApplicable, match="class counts of the training data are unknown"):
        judged(trained, [5, 5])


def test_classes_that_training_does_not_name_are_the_reason() -> None:
    with pytest.raises(NotApplicable, match="classes that the training data do not name"):
        judged([5, 5], [5, 5, 1])


def test_no_facts_at_all_are_the_reason() -> None:
    evidence: Evidence = evidence_of(np.eye(2), [0, 1])
    with pytest.raises(NotApplicable, match="unknown"):
        list(class_prior_shift(evidence))
