"""Negative log-likelihood."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.nll import nll

from ...worlds import calibrated_world, evidence_of, logits_for, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = nll(evidence_of(logits, targets, **rest))
    return estimate


@given(tables(min_items=2), st.sampled_from([None, 0.5, 3.0]))
def test_it_is_the_cross_entropy_of_torch(table: tuple, temperature: float | None) -> None:
    logits, targets = table
    found = measured(logits, targets, calibration={"temperature": temperature})
    scaled = torch.tensor(logits, dtype=torch.float64) / (temperature or 1)
    expected = float(functional.cross_entropy(scaled, torch.tensor(targets)))
    assert found.value == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert 0 <= found.ci_low <= found.value <= found.ci_high


@given(tables(min_items=2), st.integers(0, 100))
def test_the_order_of_the_items_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = measured(logits[order], targets[order])
    assert shuffled.value == pytest.approx(measured(logits, targets).value, rel=1e-12)


def test_a_model_that_knows_nothing_loses_the_logarithm_of_the_classes() -> None:
    found = measured(np.zeros((8, 5)), np.arange(8) % 5)
    assert found.value == pytest.approx(np.log(5))


def test_items_without_an_answer_are_left_out() -> None:
    logits, targets = calibrated_world(20, 3, seed=0)
    spoiled = np.concatenate([logits, [[np.nan, 0, 0], [0, np.inf, 0]]])
    found = measured(spoiled, np.append(targets, [0, 0]))
    assert found == measured(logits, targets)
    assert found.n == 20


def test_certain_errors_give_a_large_and_finite_loss() -> None:
    with np.errstate(all="raise", under="ignore"):
        found = measured(1e38 * logits_for([0, 0, 0], 2), [1, 1, 0])
    assert found.value == pytest.approx(2e38)
    assert np.isfinite([found.ci_low, found.ci_high]).all()


def test_one_item_is_not_enough_for_an_interval() -> None:
    with pytest.raises(NotApplicable, match="1 item"):
        measured([[1.0, 0.0], [np.nan, 0.0]], [0, 0])


def test_the_interval_covers_the_true_value_at_its_rate() -> None:
    worlds = 300
    logits, targets = calibrated_world(300_000, 5, seed=10_000)
    truth = float(functional.cross_entropy(torch.tensor(logits), torch.tensor(targets)))
    found = [measured(*calibrated_world(200, 5, seed), seed=seed) for seed in range(worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
