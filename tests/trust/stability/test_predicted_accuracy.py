"""Accuracy predicted without labels: worlds in which each method must be exact, and its coverage."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.core.predictions import Predictions
from finetrust.trust.stability.predicted_accuracy import predicted_accuracy_error

from .shifted_worlds import confident_table, shifted_world


def errors(evidence: Evidence) -> dict[str, Estimate]:
    found = {e.subset.removeprefix("method="): e for e in predicted_accuracy_error(evidence)}
    return {"atc": found.pop(""), **found}


def stepped(n: int, seed: int, mean: float, name: str = "clean") -> Predictions:
    """Return answers that are right exactly where their confidence is above 0.8."""
    rng = np.random.default_rng(seed)
    confidence = np.clip(mean + 0.1 * rng.normal(size=n), 0.51, 0.999)
    return confident_table(confidence, confidence > 0.8, name)


def test_atc_is_exact_where_a_threshold_parts_right_from_wrong() -> None:
    tables = {"fog-1": stepped(500, 1, 0.8, "fog-1"), "fog-5": stepped(500, 2, 0.65, "fog-5")}
    known = stepped(5000, 3, 0.8)
    found = errors(Evidence(stepped(500, 4, 0.8), tables, validation=known))
    assert found["atc"].value == pytest.approx(0, abs=0.003)
    assert found["average_confidence"].value > 0.1
    table = found["atc"].details["table"]
    assert [row["perturbation"] for row in table] == ["fog-1", "fog-5"]
    assert table[1]["accuracy"] == float(np.mean(tables["fog-5"]["logits"].argmax(axis=1) == 0))


def test_doc_is_exact_where_accuracy_falls_as_confidence_does() -> None:
    # Confidence is 0.1 too high everywhere: the difference is right, the mean is not.
    n = 100
    known = confident_table(np.full(n, 0.9), np.arange(n) < 80)
    tables = {
        "fog-1": confident_table(np.full(n, 0.8), np.arange(n) < 70, "fog-1"),
        "fog-3": confident_table(np.full(n, 0.7), np.arange(n) < 60, "fog-3"),
    }
    found = errors(Evidence(known, tables, validation=known))
    assert found["doc"].value == pytest.approx(0)
    assert found["average_confidence"].value == pytest.approx(0.1)


def test_average_confidence_is_the_accuracy_of_a_calibrated_model() -> None:
    evidence = shifted_world(4000, seed=0)
    found = errors(replace(evidence, validation=shifted_world(4000, seed=1).clean))
    assert found["average_confidence"].value < 0.025
    assert found["doc"].value < 0.025


def test_the_threshold_leaves_the_accuracy_of_validation_above_it() -> None:
    # Under no shift at all, ATC predicts the validation accuracy itself.
    known = shifted_world(1000, seed=7, overconfidence=2.0).clean
    found = errors(Evidence(known, {"fog-1": known}, validation=known))
    assert found["atc"].value == pytest.approx(0, abs=1e-12)
    assert found["doc"].value == pytest.approx(0, abs=1e-12)


def test_an_item_without_an_answer_is_predicted_to_be_wrong() -> None:
    known = stepped(2000, 3, 0.8)
    table = stepped(400, 1, 0.95, "fog-1")
    table["logits"][:100] = np.nan
    found = errors(Evidence(stepped(400, 4, 0.8), {"fog-1": table}, validation=known))
    assert found["atc"].value < 0.025
    assert found["atc"].n == 400


@pytest.mark.parametrize(
    ("validation", "reason"),
    [(None, "no predictions on validation data"), (np.nan, "every validation item")],
)
def test_without_validation_answers_there_is_no_threshold(
    validation: float | None, reason: str
) -> None:
    known = None
    if validation is not None:
        known = stepped(10, 0, 0.8)
        known["logits"][:] = validation
    evidence = replace(shifted_world(20, seed=0), validation=known)
    with pytest.raises(NotApplicable, match=reason):
        list(predicted_accuracy_error(evidence))


@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.integers(1, 20))
def test_figures_stay_in_their_ranges(seed: int, n: int, n_known: int) -> None:
    evidence = replace(
        shifted_world(n, seed % 1000, overconfidence=3.0),
        validation=shifted_world(n_known, seed % 999).clean,
    )
    for estimate in predicted_accuracy_error(evidence):
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert estimate.n == n


def test_the_interval_covers_the_true_error() -> None:
    def world(n: int, known: int, seed: int) -> Evidence:
        evidence = shifted_world(n, seed, 2.0, ("fog-1", "snow-5"))
        return replace(evidence, validation=shifted_world(known, seed + 50_000, 2.0).clean)

    # Each miss has one sign throughout, so that the mean distance of large worlds is the true one.
    large = [errors(world(4000, 4000, 900 + i)) for i in range(6)]
    true = {name: np.mean([found[name].value for found in large]) for name in large[0]}
    covered = []
    for seed in range(20):
        found = errors(world(200, 300, seed))
        covered.append([e.ci_low <= true[name] <= e.ci_high for name, e in found.items()])
    assert np.mean(covered, axis=0).min() >= 0.8
