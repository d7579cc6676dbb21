"""The risk-coverage curve and its area, against plain loops over all orders."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.intervals import bca_interval
from finetrust.trust.accuracy.selective.risk_coverage import RankedErrors

answers = st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6)


def of(pairs: list[tuple[float, bool]]) -> RankedErrors:
    confidence, wrong = zip(*pairs, strict=True)
    return RankedErrors.of(np.array(confidence, float), np.array(wrong))


def mean_area(pairs: list[tuple[float, bool]]) -> float:
    """Return the mean over all orders by confidence of the mean over k of the risk of the first k."""
    areas = []
    for order in itertools.permutations(pairs):
        if all(a[0] >= b[0] for a, b in itertools.pairwise(order)):
            wrong = [w for _, w in order]
            areas.append(np.mean([sum(wrong[:k]) / k for k in range(1, len(wrong) + 1)]))
    return float(np.mean(areas))


@given(answers)
def test_the_area_is_the_mean_over_all_orders_of_ties(pairs: list) -> None:
    assert of(pairs).aurc == pytest.approx(mean_area(pairs), abs=1e-12)


@given(answers)
def test_the_excess_is_what_is_above_the_best_order(pairs: list) -> None:
    best = mean_area([(float(not wrong), wrong) for _, wrong in pairs])
    assert of(pairs).excess == pytest.approx(mean_area(pairs) - best, abs=1e-12)


@given(answers, st.randoms())
def test_the_order_of_the_items_does_not_matter(pairs: list, random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert of(shuffled).aurc == pytest.approx(of(pairs).aurc, abs=1e-12)
    assert of(shuffled).curve() == of(pairs).curve()


def test_known_areas() -> None:
    assert of([(0.9, False), (0.5, False), (0.1, True)]).aurc == pytest.approx(1 / 9)
    assert of([(0.9, False), (0.5, False), (0.1, True)]).excess == 0
    assert of([(0.9, True), (0.5, False)]).aurc == pytest.approx(0.75)
    assert of([(0.9, True)]).aurc == 1
    assert of([(0.9, False)]).aurc == 0
    useless = of([(0.5, i < 3) for i in range(10)])
    assert useless.aurc == pytest.approx(0.3)


def test_the_curve_is_thin_and_ends_at_the_error_rate() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(3000)
    ranked = RankedErrors.of(confidence, rng.random(3000) < 0.4 * (1 - confidence))
    curve = ranked.curve()
    assert len(curve["coverage"]) == 200
    assert curve["coverage"][-1] == 1
    assert curve["risk"][-1] == pytest.approx(ranked.errors / 3000, abs=1e-6)
    order = np.argsort(-confidence)
    at = 17
    k = round(curve["coverage"][at] * 3000)
    assert curve["risk"][at] == pytest.approx(ranked.wrong[:k].mean(), abs=1e-6)
    assert (ranked.order == order).all()
    for low, risk, high in zip(curve["risk_low"], curve["risk"], curve["risk_high"], strict=True):
        assert low <= risk <= high


def test_many_items_are_resampled_by_their_influence_as_few_are_anew() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.random(3000).round(2)
    ranked = RankedErrors.of(confidence, rng.random(3000) < 0.4 * (1 - confidence))
    anew = ranked.resampled(0)
    from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_means

    for exact, value, influence in zip(
        anew, (ranked.aurc, ranked.excess), ranked.influence, strict=True
    ):
        linear = value + resampled_means(influence[:, None], RESAMPLES, 0)[:, 0]
        assert np.corrcoef(exact, linear)[0, 1] > 0.99
        assert linear.std() == pytest.approx(exact.std(), rel=0.03)
        assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_the_interval_covers_the_true_area_at_its_rate() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.random(1_000_000)
    true = RankedErrors.of(confidence, rng.random(1_000_000) < 0.4 * (1 - confidence)).aurc
    covered = []
    for seed in range(80):
        confidence = rng.random(300)
        ranked = RankedErrors.of(confidence, rng.random(300) < 0.4 * (1 - confidence))
        low, high = bca_interval(ranked.aurc, ranked.resampled(seed)[0], ranked.influence[0])
        covered.append(low <= true <= high)
    assert 0.88 <= np.mean(covered) <= 1
