"""Flips and differences of logits between ways of computing, by hand and by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import bootstrap_mean, wilson

from ...worlds import predictions_of

FP32 = [[2.0, 0.0], [1.0, 1.5], [0.0, 0.1], [5.0, 1.0]]
BF16 = [[2.5, 0.0], [1.0, 1.4], [0.2, 0.1], [5.0, 1.0]]
ONNX = [[2.0, 0.0], [1.0, 1.5], [0.0, 0.1], [1.0, 5.0]]
NAMES = ("numerics_flips", "numerics_logit_difference")


def evidence_of(tables: dict[str, object], ids: object = None) -> Evidence:
    made = {
        name: predictions_of(logits, np.zeros(len(logits)), ids, name)
        for name, logits in tables.items()
    }
    return Evidence(made["fp32"], trials={"numerics": made})


def measured(name: str, evidence: Evidence) -> dict[str, Estimate]:
    found = measures.get(name).estimate(evidence)
    return {e.subset: e for e in found if isinstance(e, Estimate)}


def test_flips_are_those_counted_by_hand():
    found = measured("numerics_flips", evidence_of({"fp32": FP32, "bf16": BF16, "onnx": ONNX}))
    assert {subset: e.value for subset, e in found.items()} == {
        "": 0.5,
        "variant=bf16": 0.25,
        "variant=onnx": 0.25,
    }
    assert found[""].details["ids"] == ["2", "3"]
    low, high = wilson(2, 4)
    assert (found[""].ci_low, found[""].ci_high) == (float(low), float(high))


def test_differences_of_logits_are_those_counted_by_hand():
    evidence = evidence_of({"fp32": FP32, "bf16": BF16, "onnx": ONNX})
    found = measured("numerics_logit_difference", evidence)
    assert found["variant=bf16"].value == pytest.approx((0.5 + 0.1 + 0.2 + 0) / 4)
    assert found["variant=onnx"].value == pytest.approx(4 / 4)
    assert found[""].value == pytest.approx((0.5 + 0.1 + 0.2 + 4) / 4)
    largest = [0.5, 0.1, 0.2, 4]
    assert (found[""].ci_low, found[""].ci_high) == pytest.approx(
        bootstrap_mean(np.array(largest), 0)
    )
    assert (found[""].details["largest"], found[""].details["largest_of"]) == (4, "3")
    assert (1 - found[""].details["most_above"]) ** 4 == pytest.approx(0.05)


def test_an_item_without_an_answer_counts_as_flipped_and_has_no_difference():
    spoiled = [[np.nan, 0.0], *BF16[1:]]
    evidence = evidence_of({"fp32": FP32, "bf16": spoiled, "onnx": FP32})
    flips = measured("numerics_flips", evidence)
    assert flips["variant=bf16"].details["ids"] == ["0", "2"]
    apart = measured("numerics_logit_difference", evidence)
    assert {e.n for e in apart.values()} == {3}
    assert apart["variant=bf16"].value == pytest.approx(0.1)
    nothing = evidence_of({"fp32": np.full((2, 2), np.inf), "bf16": np.full((2, 2), np.inf)})
    assert measured("numerics_flips", nothing)[""].value == 1
    with pytest.raises(NotApplicable, match="finite outputs"):
        measured("numerics_logit_difference", nothing)


def test_a_variant_that_cannot_run_is_absent_with_its_reason():
    evidence = evidence_of({"fp32": FP32, "bf16": BF16})
    why = Predictions(evidence.clean.ids, {"reason": np.full(4, "it is not installed")})
    tables = {**evidence.trials["numerics"], "onnx": why}
    more = Evidence(evidence.clean, trials={"numerics": tables})
    for name in NAMES:
        assert measured(name, more) == measured(name, evidence)
        absent = [e for e in measures.get(name).estimate(more) if isinstance(e, Absence)]
        assert absent == [Absence("it is not installed", "variant=onnx")]


@pytest.mark.parametrize("name", NAMES)
def test_one_way_alone_is_no_comparison(name: str):
    with pytest.raises(NotApplicable, match="two ways"):
        measured(name, evidence_of({"fp32": FP32}))
    with pytest.raises(NotApplicable, match="not put to this trial"):
        measured(name, Evidence(predictions_of(FP32, np.zeros(4))))


@given(st.integers(1, 30), st.integers(0, 300), st.sampled_from([0.0, 1e-3, 1.0]))
def test_figures_keep_their_laws(n: int, seed: int, noise: float):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 3))
    tables = {"fp32": logits}
    for name in ("bf16", "onnx"):
        tables[name] = logits + noise * rng.normal(size=logits.shape)
    evidence = evidence_of(tables)
    order = rng.permutation(n)
    mixed = {name: table.take(order) for name, table in evidence.trials["numerics"].items()}
    for name in NAMES:
        found = measured(name, evidence)
        for estimate in found.values():
            assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high
            assert estimate.value <= found[""].value + 1e-12
            if noise == 0:
                assert estimate.value == 0
            assert estimate.replicates().mean() == pytest.approx(
                estimate.value, abs=0.3 * max(noise, estimate.value) + 1e-12
            )
        assert measured(name, Evidence(evidence.clean, trials={"numerics": mixed})) == found
