"""What every measure of right and wrong answers promises beside its value."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import RESAMPLES

from ...worlds import calibrated_world, evidence_of, logits_for, tables

OF_DECISIONS = (
    "accuracy", "balanced_accuracy", "cohen_kappa", "f1", "macro_f1", "mcc", "micro_f1",
    "precision", "recall", "weighted_f1",
)  # fmt: skip
ALL = (*OF_DECISIONS, "top_5_accuracy", "auroc", "average_precision")
PERFECT_IS_ONE = [name for name in ALL if name != "top_5_accuracy"]


def measured(name: str, evidence: Evidence) -> list[Estimate]:
    """Return all estimates; none where the measure does not apply."""
    try:
        return list(measures.get(name).estimate(evidence))
    except NotApplicable:
        return []


@pytest.mark.parametrize("name", ALL)
@given(tables(answered=False), st.integers(0, 100))
def test_the_value_lies_in_its_interval_and_does_not_depend_on_the_order(
    name: str, table: tuple, seed: int
) -> None:
    logits, targets = table
    order = np.random.default_rng(seed).permutation(len(targets))
    one = measured(name, evidence_of(logits, targets))
    other = measured(name, evidence_of(logits[order], targets[order]))
    least = -1 if name in ("cohen_kappa", "mcc") else 0
    for found, shuffled in zip(one, other, strict=True):
        assert least - 1e-9 <= found.ci_low <= found.value <= found.ci_high <= 1 + 1e-9
        assert (shuffled.subset, shuffled.n) == (found.subset, found.n)
        assert shuffled.value == pytest.approx(found.value, abs=1e-12)


@pytest.mark.parametrize("name", OF_DECISIONS)
@given(tables(answered=False))
def test_decisions_alone_are_enough(name: str, table: tuple) -> None:
    logits, targets = table
    with_logits = evidence_of(logits, targets, classes=tuple("abcde"[: logits.shape[1]]))
    answered = np.isfinite(logits).all(axis=1)
    decided = np.where(answered, np.nan_to_num(logits).argmax(axis=1), -1)
    ids, columns = with_logits.clean.ids, {"target": targets, "predicted_class": decided}
    without = Evidence(Predictions(ids, columns), classes=with_logits.classes)
    assert measured(name, without) == measured(name, with_logits)


@pytest.mark.parametrize("name", ALL)
def test_the_shared_resamples_tell_the_same_uncertainty_as_the_interval(name: str) -> None:
    logits, targets = calibrated_world(500, 8, seed=0)
    for found in measured(name, evidence_of(logits, targets)):
        assert found.replicates is not None
        values = found.replicates()
        assert values.shape == (RESAMPLES,)
        assert not np.isnan(values).any()
        low, high = np.quantile(values, [0.025, 0.975])
        assert high - low == pytest.approx(found.ci_high - found.ci_low, rel=0.25)
        assert low < found.value < high


@pytest.mark.parametrize("name", OF_DECISIONS)
def test_two_models_are_resampled_in_pairs(name: str) -> None:
    logits, targets = calibrated_world(300, 4, seed=1)
    other = logits.copy()
    other[:6] = -other[:6]
    one, two = (measured(name, evidence_of(scores, targets))[0] for scores in (logits, other))
    assert one.replicates is not None
    assert two.replicates is not None
    assert (one.replicates() - two.replicates()).std() < one.replicates().std() / 2


def test_a_class_that_a_resample_lacks_has_no_value_there() -> None:
    found = measured("recall", evidence_of(logits_for([0, 0, 1], 2), [0, 0, 1]))
    assert found[1].replicates is not None
    values = found[1].replicates()
    assert np.isnan(values).mean() == pytest.approx((2 / 3) ** 3, abs=0.06)
    assert set(values[~np.isnan(values)]) == {1.0}


@pytest.mark.parametrize("name", PERFECT_IS_ONE)
@pytest.mark.parametrize("n", [2, 9, 300])
def test_where_all_is_right_the_value_is_one_and_few_items_prove_little(name: str, n: int) -> None:
    targets = np.arange(n) % 2
    for found in measured(name, evidence_of(logits_for(targets, 2), targets)):
        assert found.value == found.ci_high == 1
        assert found.ci_low < 1
        assert found.ci_low < 0.75 or n > 2
        assert found.ci_low > 0.95 or n < 300


@pytest.mark.parametrize("name", ALL)
def test_where_no_item_has_an_answer_nothing_is_right(name: str) -> None:
    found = measured(name, evidence_of(np.full((6, 7), np.nan), np.arange(6)))
    if name in ("auroc", "average_precision", "precision", "mcc", "top_5_accuracy"):
        assert not found
    for estimate in found:
        assert estimate.value == 0


@pytest.mark.parametrize("name", ALL)
def test_a_single_item_has_a_wide_interval_or_none(name: str) -> None:
    for targets in ([0], [1]):
        for found in measured(name, evidence_of([[2.0, 1, 0, 0, 0, 0]], targets)):
            assert found.ci_high - found.ci_low > 0.6


@pytest.mark.parametrize("name", ALL)
def test_the_details_are_json(name: str) -> None:
    for found in measured(name, evidence_of(*calibrated_world(50, 7, seed=2))):
        assert json.loads(json.dumps(found.details, allow_nan=False)) == found.details
