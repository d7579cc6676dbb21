"""The trial and its measures on a real network whose radii are known."""

import json
from pathlib import Path

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.smoothing.certified_accuracy import (
    average_certified_radius,
    certified_accuracy,
    smoothed_accuracy,
)
from finetrust.trust.stability.smoothing.certify import largest_radius
from finetrust.trust.trials.trial import trials

from ...worlds import predictions_of
from ..adversarial.test_trial import L2, bench_of


def evidence_of(folder: Path) -> Evidence:
    bench = bench_of(6, wrong=(1,), effort="quick")
    (step,) = trials.get("smoothing").plan(bench)
    assert step.name == "sigma-0.25"
    assert step.forward == 6 * 1100
    step.run().save(folder / "table.parquet")
    table = Predictions.load(folder / "table.parquet")
    return Evidence(bench.clean, trials={"smoothing": {step.name: table}})


def table_of(certified: list[int], radius: list[float], answer: list[int]) -> Evidence:
    n = len(radius)
    constants = {"sigma": 0.25, "alpha": 0.001, "draws": 1000}
    columns = {
        "target": np.zeros(n, np.int64), "answer": np.array(answer),
        "certified": np.array(certified), "radius": np.array(radius),
        **{name: np.full(n, value) for name, value in constants.items()},
    }  # fmt: skip
    clean = predictions_of(np.tile([1.0, 0.0], (n, 1)), np.zeros(n))
    table = Predictions(clean.ids, columns)
    return Evidence(clean, trials={"smoothing": {"sigma-0.25": table}})


def test_a_network_that_is_a_half_space_has_the_largest_radius(tmp_path):
    evidence = evidence_of(tmp_path)
    # The border is five deviations of the noise away, so that every copy is answered alike.
    assert L2 / 0.25 > 5
    whole, *parts = certified_accuracy(evidence)
    assert whole.value == pytest.approx(5 / 6)
    assert whole.details["accuracy"] == [pytest.approx(5 / 6)] * 5 + [0] * 2
    assert {part.subset: part.value for part in parts}["radius=0.75"] == 0
    (mean,) = average_certified_radius(evidence)
    assert mean.value == pytest.approx(5 / 6 * largest_radius(1000, 0.25, 0.001))
    assert mean.ci_low < mean.value < mean.ci_high
    (smoothed,) = smoothed_accuracy(evidence)
    assert (smoothed.value, smoothed.details) == (pytest.approx(5 / 6), {"abstained": 0})


def test_abstentions_and_wrong_certificates_do_not_count():
    evidence = table_of([0, 0, 0, 1, -1], [0.1, 0.25, 0.5, 0.6, 0.0], [0, 0, 0, 1, -1])
    found = {estimate.subset: estimate for estimate in certified_accuracy(evidence)}
    assert found[""].value == 2 / 5
    assert (found[""].ci_low, found[""].ci_high) == tuple(map(float, wilson(2, 5)))
    shares = {0: 3, 0.125: 2, 0.25: 2, 0.375: 1, 0.5: 1, 0.625: 0, 0.75: 0}
    for radius, kept in shares.items():
        assert found[f"radius={radius:g}"].value == kept / 5
    json.dumps(found[""].details)
    (mean,) = average_certified_radius(evidence)
    assert mean.value == pytest.approx(0.85 / 5)
    (smoothed,) = smoothed_accuracy(evidence)
    assert (smoothed.value, smoothed.details["abstained"]) == (3 / 5, 1 / 5)


def test_radii_that_are_all_alike_still_have_an_interval():
    evidence = table_of([0] * 4, [0.5] * 4, [0] * 4)
    (mean,) = average_certified_radius(evidence)
    assert mean.ci_low < 0.5 < mean.ci_high


def test_it_is_held_at_full_effort_or_where_it_is_named():
    assert trials.get("smoothing").efforts == ("full",)
