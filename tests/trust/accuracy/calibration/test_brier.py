"""Brier score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import brier_score_loss

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.brier import brier

from ...worlds import calibrated_world, evidence_of, logits_for, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = brier(evidence_of(logits, targets, **rest))
    return estimate


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("temperature", [None, 0.5, 3.0])
def test_it_agrees_with_scikit_learn(classes: int, temperature: float | None) -> None:
    logits, targets = calibrated_world(500, classes, seed=classes)
    found = measured(logits, targets, calibration={"temperature": temperature})
    probabilities = softmax(logits / (temperature or 1), axis=1)
    expected = brier_score_loss(
        targets,
        probabilities if classes > 2 else probabilities[:, 1],
        labels=range(classes),
        scale_by_half=False,
    )
    assert found.value == pytest.approx(expected, rel=1e-12)


@given(tables(min_items=2, largest=2.0**100), st.integers(0, 100))
def test_it_lies_between_0_and_2_and_order_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    found = measured(logits, targets)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 2
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = measured(logits[order], targets[order])
    assert shuffled.value == pytest.approx(found.value, rel=1e-12)


def test_a_model_that_knows_nothing_scores_what_theory_says() -> None:
    assert measured(np.zeros((8, 5)), np.arange(8) % 5).value == pytest.approx(1 - 1 / 5)


def test_a_certain_error_scores_2_and_a_certain_hit_0() -> None:
    logits = 1000 * logits_for([0, 0], 3)
    assert measured(logits, [1, 2]).value == pytest.approx(2)
    assert measured(logits, [0, 0]).value == pytest.approx(0)


def test_items_without_an_answer_are_left_out() -> None:
    logits, targets = calibrated_world(20, 3, seed=0)
    spoiled = np.concatenate([logits, [[np.nan, 0, 0], [0, np.inf, 0]]])
    assert measured(spoiled, np.append(targets, [0, 0])) == measured(logits, targets)


def test_one_item_is_not_enough_for_an_interval() -> None:
    with pytest.raises(NotApplicable, match="1 item"):
        measured([[1.0, 0.0]], [0])


def test_the_interval_covers_the_true_value_at_its_rate() -> None:
    worlds = 300
    logits, targets = calibrated_world(300_000, 5, seed=10_000)
    truth = brier_score_loss(targets, softmax(logits, axis=1), scale_by_half=False)
    found = [measured(*calibrated_world(200, 5, seed), seed=seed) for seed in range(worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
