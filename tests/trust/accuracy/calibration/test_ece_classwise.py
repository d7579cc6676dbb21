"""Classwise calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.ece_classwise import ece_classwise

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = ece_classwise(evidence_of(logits, targets, **rest))
    return estimate


def plain(p: np.ndarray, targets: np.ndarray) -> float:
    """Return the error by its definition (Kull et al. 2019, section 2), by loops."""
    n, classes = p.shape
    total = 0.0
    for c in range(classes):
        for b in range(15):
            low, high = b / 15, (b + 1) / 15
            inside = [(p[i, c] > low or b == 0) and p[i, c] <= high for i in range(n)]
            total += abs(sum((targets[i] == c) - p[i, c] for i in range(n) if inside[i])) / n
    return total / classes


@pytest.mark.parametrize("classes", [2, 3, 20])
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_it_is_that_of_its_definition(classes: int, temperature: float) -> None:
    logits, targets = calibrated_world(200, classes, seed=classes)
    found = measured(logits, targets, calibration={"temperature": temperature})
    expected = plain(softmax(logits / temperature, axis=1), targets)
    assert found.value == pytest.approx(expected, abs=1e-12)


def test_many_items_are_resampled_in_blocks_and_their_error_stays_the_same() -> None:
    logits, targets = calibrated_world(2500, 3, seed=0)
    found = measured(logits, targets)
    assert found.value == pytest.approx(plain(softmax(logits, axis=1), targets), abs=1e-12)
    assert found.replicates is not None
    assert found.replicates().std() < 0.01


@given(tables(min_items=2, answered=False), st.integers(0, 100))
def test_it_lies_in_its_interval_and_order_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    answered = np.isfinite(logits).all(axis=1)
    if answered.sum() < 2:
        with pytest.raises(NotApplicable):
            measured(logits, targets)
        return
    found = measured(logits, targets)
    assert found.n == answered.sum()
    assert found.value == measured(logits[answered], targets[answered]).value
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1
    order = np.random.default_rng(seed).permutation(len(targets))
    assert measured(logits[order], targets[order]).value == pytest.approx(found.value, abs=1e-9)


@pytest.mark.parametrize("classes", [2, 10])
def test_a_calibrated_model_is_hardly_ever_accused(classes: int) -> None:
    found = [measured(*calibrated_world(150, classes, seed), seed=seed) for seed in range(200)]
    accused = np.mean([estimate.ci_low > 0 for estimate in found])
    assert accused < 0.025 + 3 * (0.025 * 0.975 / 200) ** 0.5


def test_classes_that_are_taken_for_one_another_are_found_out() -> None:
    # The confidence in the answer stays right on average, that in each class does not.
    logits, targets = calibrated_world(4000, 3, seed=0)
    found = measured(logits + np.array([0.8, -0.8, 0.0]), targets)
    assert found.ci_low > 0.05
    assert found.details["p_value"] < 0.002
