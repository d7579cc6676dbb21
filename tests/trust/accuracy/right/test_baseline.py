from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.trust.accuracy.right.baseline import paired_difference

from ...worlds import predictions_of


def evidence(ours: list[int], theirs: list[int]) -> Evidence:
    """Return evidence of two models that are right (1) or wrong (0) on each item."""
    targets = np.zeros(len(ours), int)
    clean, plain = (
        predictions_of(np.stack([np.array(right) * 1.0, np.full(len(ours), 0.5)], 1), targets)
        for right in (ours, theirs)
    )
    return Evidence(clean, classes=("x", "y"), baseline=plain)


def estimate(name: str, found: Evidence):
    [one] = measures.get(name).estimate(found)
    return one


def test_a_planted_gain_is_the_difference_of_the_accuracies() -> None:
    found = evidence([1] * 80 + [0] * 20, [1] * 60 + [0] * 30 + [1] * 10)
    gain = estimate("gain_over_baseline", found)
    assert gain.value == pytest.approx(0.8 - 0.7)
    assert gain.details == {
        "only_network_right": 20,
        "only_plain_model_right": 10,
        "mcnemar_p": pytest.approx(0.0987, abs=1e-3),
    }
    assert estimate("baseline_accuracy", found).value == pytest.approx(0.7)


def test_items_are_matched_by_their_ids() -> None:
    found = evidence([1, 0, 1, 1], [0, 1, 1, 1])
    assert found.baseline is not None
    shuffled = replace(found, baseline=found.baseline.take(np.array([3, 1, 0, 2])))
    assert estimate("gain_over_baseline", shuffled) == estimate("gain_over_baseline", found)


def test_without_a_plain_model_there_is_nothing_to_compare_with() -> None:
    found = replace(evidence([1, 0], [1, 0]), baseline=None)
    for name in ("baseline_accuracy", "gain_over_baseline"):
        with pytest.raises(NotApplicable, match="no plain model was trained on the same data"):
            list(measures.get(name).estimate(found))


def test_the_interval_is_that_of_the_published_example() -> None:
    """Fagerland, Lydersen & Laake 2014, Stat. Med. 33, table I: 1, 7 discordant of 21 pairs.

    The interval with the adjustment of Bonett & Price, from the formula by hand:
    (2 - 8) / 23 -+ 1.96 sqrt((10 / 23 - (6 / 23)^2) / 23).
    """
    low, high = paired_difference(1, 7, 21)
    assert low == pytest.approx(-0.5084, abs=1e-3)
    assert high == pytest.approx(-0.0134, abs=1e-3)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_the_interval_holds_the_estimate_and_is_symmetric(a: int, b: int, rest: int) -> None:
    n = a + b + rest
    if not n:
        return
    low, high = paired_difference(a, b, n)
    assert -1 <= low <= (a - b) / n <= high <= 1
    assert paired_difference(b, a, n) == pytest.approx((-high, -low))


@pytest.mark.parametrize(("up", "down"), [(0.05, 0.05), (0.2, 0.05), (0.02, 0.0), (0.3, 0.3)])
def test_the_interval_covers_the_truth_as_often_as_it_says(up: float, down: float) -> None:
    n = 60
    covered = 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            p = binom.pmf(a, n, up) * binom.pmf(b, n - a, down / (1 - up))
            if p > 1e-12:
                low, high = paired_difference(a, b, n)
                covered += p * (low <= up - down <= high)
    assert covered >= 0.93
