"""Calibration under corruption: against netcal, on planted miscalibration, and its coverage."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.calibration.ece import ece
from finetrust.trust.stability.calibration_under_shift import (
    corruption_confidence_gap,
    corruption_ece,
)

from .shifted_worlds import confident_table, shifted_world

NAMES = ("fog-1", "fog-3", "contrast-3")


def test_it_is_the_mean_of_the_errors_that_netcal_finds() -> None:
    metrics = pytest.importorskip("netcal.metrics")
    evidence = shifted_world(400, seed=1, overconfidence=1.5, tables=NAMES)
    (whole,) = corruption_ece(evidence)

    def reference(name: str) -> float:
        logits = evidence.perturbed[name]["logits"]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        right = (logits.argmax(axis=1) == evidence.perturbed[name]["target"]).astype(int)
        return float(metrics.ECE(15).measure(p.max(axis=1), right))

    # Types count the same: the two severities of fog share one half.
    expected = (reference("fog-1") + reference("fog-3")) / 4 + reference("contrast-3") / 2
    assert whole.value == pytest.approx(expected, abs=1e-9)


def test_the_curve_begins_with_the_same_items_untouched() -> None:
    evidence = shifted_world(300, seed=2, tables=NAMES)
    (whole,) = corruption_ece(evidence)
    assert [point["severity"] for point in whole.details["curve"]] == [0, 1, 3]
    clean, mild, severe = whole.details["curve"]
    (own, *_) = ece(evidence)
    assert clean["ece"] == pytest.approx(own.value)
    assert clean["accuracy"] > mild["accuracy"] > severe["accuracy"]
    for point in whole.details["curve"]:
        for figure in ("accuracy", "ece", "gap"):
            assert point[f"{figure}_low"] <= point[figure] <= point[f"{figure}_high"]


def test_a_planted_gap_is_found_with_its_sign() -> None:
    right = np.arange(400) % 10 < 7
    sure, unsure = np.full(400, 0.9), np.full(400, 0.6)
    clean = confident_table(np.full(400, 0.7), right)
    tables = {
        "fog-1": confident_table(sure, right, "fog-1"),
        "snow-1": confident_table(unsure, right, "snow-1"),
    }
    evidence = Evidence(clean, tables)
    found = {estimate.subset: estimate for estimate in corruption_confidence_gap(evidence)}
    assert found["corruption=fog"].value == pytest.approx(0.2)
    assert found["corruption=snow"].value == pytest.approx(-0.1)
    assert found[""].value == pytest.approx(0.05)
    (whole,) = corruption_ece(evidence)
    assert whole.value == pytest.approx(0.15)
    assert whole.ci_low > 0.05


def test_items_without_an_answer_are_left_out_of_calibration_and_wrong_in_accuracy() -> None:
    right = np.arange(200) % 2 == 0
    evidence = Evidence(
        confident_table(np.full(200, 0.7), right),
        {"fog-1": confident_table(np.full(200, 0.8), right, "fog-1")},
    )
    evidence.perturbed["fog-1"]["logits"][:100] = np.nan
    (whole,) = corruption_ece(evidence)
    assert whole.value == pytest.approx(0.3)
    assert whole.n == 200
    assert whole.details["curve"][1]["accuracy"] == pytest.approx(0.25)
    evidence.perturbed["fog-1"]["logits"][:] = np.nan
    spoiled = replace(evidence)
    with pytest.raises(NotApplicable, match="every corrupted item"):
        list(corruption_ece(spoiled))


def test_a_table_without_any_answer_does_not_count() -> None:
    evidence = shifted_world(100, seed=3)
    none = confident_table(np.full(100, 0.8), np.ones(100), "snow-1")
    none["logits"][:] = np.inf
    both = replace(evidence, perturbed={**evidence.perturbed, "snow-1": none})
    assert next(iter(corruption_ece(both))).value == next(iter(corruption_ece(evidence))).value


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.booleans())
def test_figures_stay_in_their_ranges(seed: int, n: int, all_right: bool) -> None:
    rng = np.random.default_rng(seed)
    right = np.ones(n) if all_right else rng.random(n) < 0.5
    tables = {name: confident_table(rng.uniform(0.5, 1 - 1e-9, n), right, name) for name in NAMES}
    evidence = Evidence(confident_table(np.full(n, 0.9), right), tables, seed=seed)
    for estimate in (*corruption_ece(evidence), *corruption_confidence_gap(evidence)):
        assert -1 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert estimate.n == n


def test_the_order_of_the_items_does_not_matter() -> None:
    evidence = shifted_world(60, seed=4)
    mixed = replace(
        evidence,
        perturbed={
            name: table.take(np.random.default_rng(9).permutation(60))
            for name, table in evidence.perturbed.items()
        },
    )
    assert list(corruption_ece(mixed)) == list(corruption_ece(evidence))


@pytest.mark.parametrize(("overconfidence", "least"), [(1.0, 0.94), (2.0, 0.9)])
def test_the_interval_covers_the_true_error(overconfidence: float, least: float) -> None:
    big = shifted_world(20_000, seed=99, overconfidence=overconfidence)
    true = next(iter(corruption_ece(big))).value if overconfidence != 1 else 0.0
    gap = next(iter(corruption_confidence_gap(big))).value if overconfidence != 1 else 0.0
    covered = []
    for seed in range(25):
        evidence = shifted_world(300, seed, overconfidence)
        (error,) = corruption_ece(evidence)
        (own, *_) = corruption_confidence_gap(evidence)
        covered.append((error.ci_low <= true <= error.ci_high, own.ci_low <= gap <= own.ci_high))
    assert np.mean(covered, axis=0).min() >= least - 0.07


def test_replicates_scatter_around_the_gap() -> None:
    (whole, *_) = corruption_confidence_gap(shifted_world(400, seed=5, overconfidence=1.5))
    drawn = whole.replicates()
    assert drawn.mean() == pytest.approx(whole.value, abs=0.005)
    assert 3.92 * drawn.std() == pytest.approx(whole.ci_high - whole.ci_low, rel=0.1)
