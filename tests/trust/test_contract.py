"""What every registered measure promises, on every kind of evidence.

A new measure is tested here without being named, on the family of evidence that has the columns it
needs (see ``families.py``). Corruptions have a suite of their own in
``stability/corruptions/test_catalogue.py``.
"""

import copy
import json
import math
from itertools import groupby

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import AXES, Estimate, Measure, MeasureDefinition, measures
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import tasks
from finetrust.trust.measure_all import measure_all

from .families import FAMILIES, full_evidence, ordinary
from .worlds import calibrated_world, predictions_of

tasks.names()  # which bring measures of their own
NAMES = measures.names()
ABOVE_ONE = {name for name in NAMES if name.startswith("relative_corruption_")} | {
    "mean_corruption_error",
    "relative_mean_corruption_error",
}
"""Shares in % that may pass 100 %."""
BELOW_ZERO = {name for name in NAMES if name.startswith("gain_over_baseline")} | {
    "relative_mean_corruption_error",
    "corruption_confidence_gap",
    "shortcut_reliance",
    "shortcut_misleads",
    "colour_reliance",
    "detail_reliance",
}
"""Differences of shares."""
OF_OTHER_ITEMS = {name for name in NAMES if name.startswith("ood_")} | {
    "train_label_errors",
    "self_influence",
    "concept_sensitivity",
}
"""Those that also count items beside the clean ones."""


LOGITS, TARGETS = calibrated_world(60, 4, seed=0)
RIGHT = LOGITS.argmax(axis=1)
SPOILED = np.where(np.arange(240).reshape(60, 4) % 37 == 5, np.nan, LOGITS)
SPOILED[0] = np.inf, -np.inf, 0, 0

EVIDENCE = {
    "ordinary": FAMILIES["classes"],
    "one item": full_evidence(LOGITS[:1], TARGETS[:1]),
    "two items": full_evidence(LOGITS[:2], TARGETS[:2]),
    "no items": full_evidence(LOGITS[:0], TARGETS[:0]),
    "all right": full_evidence(LOGITS, RIGHT),
    "all wrong": full_evidence(LOGITS, (RIGHT + 1) % 4),
    "all certain and right": full_evidence(1000 * LOGITS, RIGHT),
    "one class only": full_evidence(LOGITS[:, :1], 0 * TARGETS),
    "one target only": full_evidence(LOGITS, 0 * TARGETS),
    "a class without items": full_evidence(LOGITS, TARGETS % 3),
    "ties": full_evidence(np.zeros((7, 4)), np.arange(7) % 4),
    "constant model": full_evidence(np.tile([2.0, 1, 0, 0], (11, 1)), np.arange(11) % 4),
    "NaN and infinity": full_evidence(SPOILED, TARGETS),
    "one answer": full_evidence([[np.nan] * 4, [1, 0, 0, 0]], [0, 0]),
    "no answers": full_evidence(np.full((5, 4), np.nan), TARGETS[:5]),
    "huge logits": full_evidence(1e38 * LOGITS, TARGETS),
    "tiny logits": full_evidence(1e-38 * LOGITS, TARGETS),
    "nothing but predictions": Evidence(predictions_of(LOGITS, TARGETS)),
    "classes without logits": Evidence(
        Predictions(
            np.arange(60).astype(str), {"target": TARGETS, "predicted_class": np.roll(TARGETS, 1)}
        )
    ),
    "no logits": Evidence(Predictions(np.array(["a"]), {"target": np.array([0])})),
}


measured_once = once(measure_all)


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[Measure, ...]]:
    return {kind: measured_once(evidence) for kind, evidence in EVIDENCE.items()}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_described(name: str) -> None:
    definition = measures.get(name)
    assert definition.name == name
    assert name.replace("_", "").isalnum()
    assert name.islower()
    assert definition.axis in AXES
    assert definition.better in ("higher", "lower")
    assert definition.unit in ("%", "")
    assert definition.title[0].isupper()
    assert len(definition.method) > 40
    assert definition.method.endswith(".")
    assert "interval" in definition.method or "bootstrap" in definition.method
    assert any(character.isdigit() for character in definition.reference)
    assert definition.estimate.__doc__


@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_measured_or_gives_its_reason(
    name: str, kind: str, measured: dict[str, tuple[Measure, ...]]
) -> None:
    found = [measure for measure in measured[kind] if measure.name == name]
    assert found
    keys = [measure.key for measure in found]
    assert len(set(keys)) == len(keys)
    for measure in found:
        assert_sound(measure)
        if measure.value is not None and measure.name not in OF_OTHER_ITEMS:
            assert measure.n <= len(EVIDENCE[kind].clean)


def assert_sound(measure: Measure) -> None:
    """Check that a measure has a reason, or figures in the right order and range."""
    if measure.value is None:
        assert measure.reason
        assert measure.reason[0] != " "
        assert measure.ci_low is measure.ci_high is None
        return
    assert measure.reason is None
    assert measure.ci_low is not None
    assert measure.ci_high is not None
    assert all(map(math.isfinite, (measure.value, measure.ci_low, measure.ci_high)))
    assert measure.ci_low <= measure.value <= measure.ci_high
    assert measure.n >= 1
    if measure.unit == "%":
        assert measure.ci_low >= 0 or measure.name in BELOW_ZERO
        assert measure.ci_high <= 1 or measure.name in ABOVE_ONE


@pytest.mark.parametrize("name", NAMES)
def test_on_ordinary_evidence_it_has_a_value_and_an_interval_with_width(name: str) -> None:
    found = [m for m in measured_once(ordinary(name)) if m.name == name]
    for measure in found:
        assert_sound(measure)
    whole = found[0]
    assert whole.value is not None, whole.reason
    assert whole.ci_low is not None
    assert whole.ci_high is not None
    assert whole.ci_high > whole.ci_low


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_from_json_as_it_was(
    name: str, measured: dict[str, tuple[Measure, ...]]
) -> None:
    for profile in (*measured.values(), measured_once(ordinary(name))):
        for measure in (m for m in profile if m.name == name):
            text = json.dumps(measure.to_dict(), allow_nan=False)
            assert Measure(**json.loads(text)) == measure


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_same_every_time(name: str) -> None:
    definition, evidence = measures.get(name), ordinary(name)
    one, other = (list(definition.estimate(evidence)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("name", NAMES)
def test_it_changes_nothing_in_the_evidence(name: str) -> None:
    spoiled = full_evidence(SPOILED, TARGETS)
    family = ordinary(name)
    used = spoiled if family is FAMILIES["classes"] else copy.deepcopy(family)
    kept = copy.deepcopy(used)
    list(measures.get(name).estimate(used))
    for before, after in [
        (kept.clean, used.clean),
        *zip(kept.perturbed.values(), used.perturbed.values(), strict=True),
    ]:
        for column, values in before.columns.items():
            for a, b in zip(values, after[column], strict=True):
                np.testing.assert_array_equal(a, b)


def test_measures_stand_axis_by_axis_and_by_name(measured: dict[str, tuple[Measure, ...]]) -> None:
    axes = [axis for axis, _ in groupby(measured["ordinary"], key=lambda m: m.axis)]
    assert axes == [axis for axis in AXES if axis in axes]
    for axis in axes:
        names = [m.name for m in measured["ordinary"] if m.axis == axis]
        assert names == sorted(names)


def test_a_measure_that_is_not_finite_is_reported_without_a_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = MeasureDefinition(
        "broken", "accuracy", "Broken", "", "higher", "A method.", "A paper.", (),
        lambda evidence: [Estimate(0.5, float("nan"), 1, 3, "part"), Estimate(0.5, 0.4, 0.6, 3)],
        per_group=False,
    )  # fmt: skip
    monkeypatch.setitem(measures._entries, "broken", broken)
    first, second = (m for m in measure_all(EVIDENCE["ordinary"]) if m.name == "broken")
    assert first.value is None
    assert first.key == "broken[part]"
    assert first.reason == "the lower bound of the measure is nan, not a finite number"
    assert second.value == 0.5


def test_a_missing_column_is_the_reason(measured: dict[str, tuple[Measure, ...]]) -> None:
    reasons = {m.name: m.reason for m in measured["no logits"]}
    assert reasons["accuracy"] == "the predictions have no column 'logits' or 'predicted_class'"
    assert {m.reason for m in measured["no items"]} == {"there are no items"}
