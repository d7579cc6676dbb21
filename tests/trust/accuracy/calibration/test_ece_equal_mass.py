"""Expected calibration error in equally filled bins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.ece_equal_mass import ece_equal_mass

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = ece_equal_mass(evidence_of(logits, targets, **rest))
    return estimate


def plain(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return the error by loops: 15 lists of equal length, in the order of the confidence."""
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    items = sorted(
        (of_item.max(), float(of_item.argmax() == target))
        for of_item, target in zip(p, targets, strict=True)
    )
    error = 0.0
    for k in range(15):
        part = items[k * len(items) // 15 : (k + 1) * len(items) // 15]
        error += abs(sum(right - confidence for confidence, right in part)) / len(items)
    return error


@pytest.mark.parametrize("n", [15, 100, 1000])
def test_it_is_that_of_a_plain_loop(n: int) -> None:
    logits, targets = calibrated_world(n, 4, seed=n)
    assert measured(logits, targets).value == pytest.approx(plain(logits, targets), abs=1e-12)


@given(tables(), st.integers(0, 100))
def test_it_lies_in_its_interval_and_order_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    found = measured(logits, targets)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = measured(logits[order], targets[order])
    assert shuffled.value == pytest.approx(found.value, abs=1e-12)
    assert shuffled.details["p_value"] == pytest.approx(found.details["p_value"], abs=0.01)


def test_an_overconfident_model_is_found_out_and_a_calibrated_one_is_not() -> None:
    logits, targets = calibrated_world(5000, 10, seed=0)
    calibrated, overconfident = measured(logits, targets), measured(3 * logits, targets)
    assert calibrated.ci_low == 0
    assert calibrated.details["p_value"] > 0.025
    assert overconfident.ci_low > 0.2
    assert overconfident.details["p_value"] < 0.002
