"""The smallest difference that a test set shows, from its size, its errors and the plain model's."""

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.trust.data.detectable_difference import detectable_difference
from finetrust.trust.data.power import paired_difference_shown, unpaired_difference_shown

from ..worlds import evidence_of, logits_for, predictions_of


def evidence_with(errors: np.ndarray, plain_errors: np.ndarray | None = None) -> Evidence:
    targets = np.arange(len(errors)) % 3
    baseline = None
    if plain_errors is not None:
        baseline = predictions_of(logits_for((targets + plain_errors) % 3, 3), targets)
    return evidence_of(logits_for((targets + errors) % 3, 3), targets, baseline=baseline)


def estimates(evidence: Evidence) -> list[Estimate]:
    found = list(detectable_difference(evidence))
    assert all(isinstance(estimate, Estimate) for estimate in found)
    return [estimate for estimate in found if isinstance(estimate, Estimate)]


def test_without_a_plain_model_errors_meet_by_chance() -> None:
    errors = np.arange(1000) % 10 == 0
    paired, unpaired = estimates(evidence_with(errors))
    assert paired.value == pytest.approx(paired_difference_shown(1000, 2 * 0.1 * 0.9))
    assert unpaired.value == pytest.approx(unpaired_difference_shown(1000, 0.1))
    assert unpaired.subset == "unpaired"
    assert paired.details["errors_together"] == 0
    for estimate in (paired, unpaired):
        assert estimate.ci_low < estimate.value < estimate.ci_high
        assert estimate.n == 1000
        sizes = estimate.details["items_needed"]
        assert [row["difference"] for row in sizes] == [0.005, 0.01, 0.02, 0.05]
        assert sizes[2]["items"] > 1000 > sizes[3]["items"] or estimate.subset == "unpaired"


def test_models_that_err_on_the_same_items_are_told_apart_sooner() -> None:
    errors = np.arange(1000) % 10 == 0
    same, _ = estimates(evidence_with(errors, errors))
    chance, _ = estimates(evidence_with(errors))
    assert same.details["errors_together"] == pytest.approx(1)
    assert same.value < 0.5 * chance.value
    opposed, _ = estimates(evidence_with(errors, np.arange(1000) % 10 == 1))
    assert opposed.value == chance.value


def test_near_an_accuracy_of_a_half_the_interval_reaches_the_largest_difference() -> None:
    errors = np.arange(400) % 2 == 0
    for estimate in estimates(evidence_with(errors)):
        assert estimate.ci_low <= estimate.value <= estimate.ci_high


def test_four_times_the_items_show_half_the_difference() -> None:
    few, many = (estimates(evidence_with(np.arange(n) % 5 == 0))[0].value for n in (1000, 4000))
    assert few / many == pytest.approx(2, rel=0.02)


def test_one_item_is_said_to_be_too_few() -> None:
    found = list(detectable_difference(evidence_with(np.zeros(1, bool))))
    reason = "the items are too few (1) to show any difference"
    assert found == [Absence(reason, ""), Absence(reason, "unpaired")]


def test_order_means_nothing() -> None:
    evidence = evidence_with(np.arange(300) % 7 == 0, np.arange(300) % 6 == 0)
    order = np.random.default_rng(0).permutation(300)
    for one, other in zip(estimates(evidence), estimates(evidence.take(order)), strict=True):
        assert other.value == pytest.approx(one.value)
