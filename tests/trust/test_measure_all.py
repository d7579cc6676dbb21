"""Every measure of a model, and what they come to for parts of the data."""

from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import AXES, Measure, MeasureDefinition, measures
from finetrust.trust.measure_all import measure_all

from .families import FAMILIES, full_evidence
from .worlds import calibrated_world

EVIDENCE = full_evidence(*calibrated_world(200, 3, seed=0), protected=())


def measured(evidence: Evidence, **options: str) -> dict[str, Measure]:
    found = measure_all(evidence, **options)
    keys = {measure.key: measure for measure in found}
    assert len(keys) == len(found)
    return keys


@pytest.fixture(scope="module")
def everything() -> dict[str, Measure]:
    return measured(EVIDENCE)


def test_measures_of_the_accuracy_axis_are_divided_by_group_and_no_others(
    everything: dict[str, Measure],
) -> None:
    divided = {m.name for m in everything.values() if m.subset.startswith("site=")}
    assert {"accuracy", "nll", "ece", "macro_f1"} <= divided
    for name in divided:
        definition = measures.get(name)
        assert definition.axis == "accuracy"
        assert definition.per_group
        assert everything[name].applies
        assert f"worst_group.{name}" in everything
        assert f"group_gap.{name}" in everything


def test_the_main_measure_is_shown_by_group_and_the_others_are_for_closer_looks(
    everything: dict[str, Measure],
) -> None:
    shown = {m.name for m in everything.values() if m.details.get("column") and not m.secondary}
    assert shown == {"accuracy", "worst_group.accuracy", "group_gap.accuracy"}
    other = measured(EVIDENCE, main="nll")
    assert not other["nll[site=north]"].secondary
    assert other["accuracy[site=north]"].secondary


def test_slices_stand_beside_the_whole(everything: dict[str, Measure]) -> None:
    assert "accuracy[slice=brightness: darkest fifth]" in everything
    assert everything["worst_slice.accuracy"].applies


def test_they_stand_axis_by_axis_and_by_name_with_the_whole_first() -> None:
    found = measure_all(EVIDENCE)
    order = [(AXES.index(m.axis), m.name) for m in found]
    assert order == sorted(order)
    assert next(m.subset for m in found if m.name == "accuracy") == ""


def test_a_measure_that_is_not_per_group_is_not_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = replace(measures.get("nll"), per_group=False)
    monkeypatch.setitem(measures._entries, "nll", plain)
    assert not any("nll" in key and key != "nll" for key in measured(EVIDENCE))


def test_a_measure_with_parts_only_is_not_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measures.get("nll")
    parts = replace(
        whole,
        estimate=lambda evidence: (replace(e, subset="part=1") for e in whole.estimate(evidence)),
    )
    monkeypatch.setitem(measures._entries, "nll", parts)
    assert [key for key in measured(EVIDENCE) if "nll" in key] == ["nll[part=1]"]


def test_what_is_not_finite_in_a_group_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measures.get("nll")

    def broken(evidence: Evidence):
        for estimate in whole.estimate(evidence):
            lost = evidence.clean.ids[0] == "1"
            yield replace(estimate, value=np.nan) if lost else estimate

    monkeypatch.setitem(measures._entries, "nll", replace(whole, estimate=broken))
    found = measured(EVIDENCE)
    assert "nll[site=south]" not in found
    assert found["nll[site=north]"].applies
    assert not found["worst_group.nll"].applies


def test_every_figure_of_a_group_is_sound(everything: dict[str, Measure]) -> None:
    for measure in everything.values():
        if measure.topic == "groups" and measure.applies:
            assert measure.ci_low <= measure.value <= measure.ci_high
            assert 1 <= measure.n <= 200
            assert measure.method.endswith(".")
            assert "nterval" in measure.method or "bootstrap" in measure.method
            if measure.unit == "%":
                assert measure.ci_low >= 0
                assert measure.ci_high <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_groups_of_every_task_are_measured(family: str) -> None:
    evidence = FAMILIES[family]
    half = np.array(["a", "b"])[np.arange(len(evidence.clean)) % 2]
    found = measured(replace(evidence, groups={"half": half}))
    if family != "numbers":
        assert any(m.subset == "half=a" for m in found.values())


def test_evidence_without_items_is_no_error() -> None:
    empty = full_evidence(np.zeros((0, 3)), np.zeros(0, int))
    assert {m.reason for m in measure_all(empty)} == {"there are no items"}


def test_a_broken_definition_is_named_by_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    infinite = MeasureDefinition(
        "broken", "accuracy", "Broken", "", "higher", "A method.", "A paper.", (),
        lambda evidence: [replace(next(iter(measures.get("nll").estimate(evidence))), ci_high=np.inf)],
    )  # fmt: skip
    monkeypatch.setitem(measures._entries, "broken", infinite)
    found = measured(EVIDENCE)
    assert found["broken"].reason == "the upper bound of the measure is inf, not a finite number"
    assert "worst_group.broken" not in found
