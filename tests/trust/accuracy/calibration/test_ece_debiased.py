"""Debiased calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.bins import equal_mass
from finetrust.trust.accuracy.calibration.ece_debiased import debiased_error, ece_debiased
from finetrust.trust.accuracy.calibration.reliability import Confidence

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = ece_debiased(evidence_of(logits, targets, **rest))
    return estimate


def of_kumar(confidence: Confidence, bins: np.ndarray) -> float:
    """Return the squared error of definition 4.1, whose bins have one probability each, by loops."""
    total, n = 0.0, len(bins)
    for b in set(bins.tolist()):
        right, k = confidence.right[bins == b].mean(), int((bins == b).sum())
        p = confidence.confidence[bins == b].mean()
        total += k / n * ((p - right) ** 2 - right * (1 - right) / (k - 1))
    return total


def test_it_is_kumars_where_bins_have_one_probability_each() -> None:
    rng = np.random.default_rng(0)
    p = rng.permutation(np.repeat(np.linspace(0.3, 0.9, 15), 20))
    confidence = Confidence(p, rng.random(300) < p - 0.2)
    bins = equal_mass(p)
    value = debiased_error(confidence, bins, seed=0)[0]
    assert value == pytest.approx(of_kumar(confidence, bins) ** 0.5, rel=1e-9)


def test_it_is_free_of_the_bias_of_few_items() -> None:
    def squared(n: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        p = np.full(n, 0.7)
        return debiased_error(Confidence(p, rng.random(n) < 0.5), equal_mass(p), seed)[0] ** 2

    # Where less than nothing is left it says 0, which hardly happens with a gap of 0.2.
    assert np.mean([squared(60, seed) for seed in range(400)]) == pytest.approx(0.04, abs=0.004)


@given(tables(min_items=2), st.integers(0, 100))
def test_it_lies_in_its_interval_and_order_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    found = measured(logits, targets)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = measured(logits[order], targets[order])
    assert shuffled.value == pytest.approx(found.value, abs=1e-6)


def test_one_item_is_not_enough() -> None:
    with pytest.raises(NotApplicable, match="1 item"):
        measured([[1.0, 0.0]], [0])


@pytest.mark.parametrize(("gap", "floor"), [(0.0, 0.95), (0.1, 0.9), (0.3, 0.9)])
def test_the_interval_covers_the_true_error(gap: float, floor: float) -> None:
    def interval(seed: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.4, 1, 300)
        confidence = Confidence(p, rng.random(300) < p - gap)
        return debiased_error(confidence, equal_mass(p), seed)[1:3]

    found = [interval(seed) for seed in range(150)]
    assert np.mean([low <= gap + 1e-9 and gap <= high for low, high in found]) >= floor


def test_its_replicates_are_of_the_resampled_items() -> None:
    found = measured(*calibrated_world(2000, 3, seed=0), calibration={"temperature": 0.4})
    assert found.replicates is not None
    assert found.replicates().mean() == pytest.approx(found.value, abs=0.01)
