"""What every measure of detection promises, on every kind of evidence."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.measure_all import measure_all

from .scenes import Scene, evidence_of, random_scenes, scene, table_of

NAMES = [
    "ap", "ap50", "ap75", "ap_large", "ap_medium", "ap_small",
    "ar_1", "ar_10", "ar_100", "ar_large", "ar_medium", "ar_small",
    "corruption_ap", "d_ece", "d_ece_position", "relative_corruption_ap",
]  # fmt: skip
CLASSES = ("cat", "dog", "<script>")


def world(scenes: list[Scene], **changes: object) -> Evidence:
    """Return evidence with corruptions of half of the images, in another order."""
    n = len(scenes)
    rows = np.random.default_rng(0).permutation(n)[: max(1, n // 2)]
    perturbed = {
        f"{name}-{severity}": table_of(
            [blurred(scenes[i], severity, int(i)) for i in rows], rows, f"{name}-{severity}"
        )
        for name, severities in (("contrast", (1, 3)), ("gaussian_noise", (5,)))
        for severity in severities
    }
    evidence = evidence_of(scenes, perturbed=perturbed, classes=CLASSES, seed=3)
    return replace(evidence, **changes)


def blurred(one: Scene, severity: int, seed: int) -> Scene:
    """Return a scene whose boxes are less tight."""
    noise = np.random.default_rng(seed).normal(size=one["pred_boxes"].shape)
    moved = (one["pred_boxes"] + 2 * severity * noise).astype(np.float32)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    return {**one, "pred_boxes": moved}


A, B = (0, 0, 40, 40), (100, 100, 250, 240)
ORDINARY = random_scenes(30, 0, side=600)
RIGHT = scene([(0, A), (1, B)], [(0, 0.9, A), (1, 0.8, B)])

EVIDENCE = {
    "ordinary": world(ORDINARY),
    "one image": world(ORDINARY[4:5]),
    "two images": world(ORDINARY[:2]),
    "all right": world([RIGHT] * 5),
    "nothing found": world([scene([(0, A)])] * 4),
    "nothing there": world([scene([], [(0, 0.9, A)])] * 4),
    "empty images": world([scene()] * 3),
    "only crowds": world([scene([(0, A)], [(0, 0.9, A)], crowds=(0,))] * 3),
    "unsure": world([scene([(0, A)], [(0, 0.1, A)])] * 3),
    "not finite": world(
        [scene([(0, A)], [(0, float("nan"), A), (0, 0.5, (0, 0, float("inf"), 1))]), *ORDINARY[:5]]
    ),
    "ties": world([scene([(0, A)], [(0, 0.5, A), (0, 0.5, B)])] * 4),
    "another class": world([scene([(0, A)], [(7, 0.9, A)]), RIGHT]),
    "no corruptions": evidence_of(ORDINARY[:4]),
    "no items": evidence_of([]),
    "no boxes": Evidence(Predictions(np.array(["a"]), {"target": np.array([0])})),
}


@pytest.fixture(scope="module")
def measured() -> dict[str, list[Measure]]:
    return {
        kind: [measure for measure in measure_all(evidence) if measure.name in NAMES]
        for kind, evidence in EVIDENCE.items()
    }


@pytest.mark.parametrize("kind", EVIDENCE)
def test_each_is_measured_within_its_interval_or_gives_its_reason(
    kind: str, measured: dict[str, list[Measure]]
) -> None:
    found = measured[kind]
    assert {measure.name for measure in found} == set(NAMES)
    assert len({measure.key for measure in found}) == len(found)
    for measure in found:
        if measure.value is None:
            assert measure.reason
            assert "finite" not in measure.reason
            continue
        assert measure.ci_low is not None
        assert measure.ci_high is not None
        assert all(map(math.isfinite, (measure.value, measure.ci_low, measure.ci_high)))
        assert 0 <= measure.ci_low <= measure.value <= measure.ci_high
        assert measure.ci_high <= 1 or measure.name == "relative_corruption_ap"
        assert measure.ci_high > measure.ci_low
        assert 1 <= measure.n <= len(EVIDENCE[kind].clean)
        assert Measure(**json.loads(json.dumps(measure.to_dict(), allow_nan=False))) == measure


@pytest.mark.parametrize("name", NAMES)
def test_on_ordinary_evidence_there_is_a_value(
    name: str, measured: dict[str, list[Measure]]
) -> None:
    assert all(m.value is not None for m in measured["ordinary"] if m.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_lacks(name: str, measured: dict[str, list[Measure]]) -> None:
    (measure,) = (m for m in measured["no boxes"] if m.name == name)
    assert measure.reason == "the predictions have no column 'pred_boxes'"


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("nothing there", "ap", "there are no objects to be found"),
        ("only crowds", "ap", "there are no objects to be found"),
        ("all right", "ap_small", "no object is as small as 32 x 32 pixels"),
        ("nothing found", "d_ece", "no detection has a score of 0.3 or more"),
        ("unsure", "d_ece", "no detection has a score of 0.3 or more"),
        ("only crowds", "d_ece", "no detection has a score of 0.3 or more"),
        ("nothing found", "relative_corruption_ap", "no object is found in the untouched images"),
        ("no corruptions", "corruption_ap", "the model was not run on corrupted inputs"),
    ],
)
def test_the_reason_says_why_it_does_not_apply(
    kind: str, name: str, reason: str, measured: dict[str, list[Measure]]
) -> None:
    (measure,) = (m for m in measured[kind] if m.name == name)
    assert measure.value is None
    assert measure.reason is not None
    assert measure.reason.startswith(reason)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_the_same_every_time(name: str, measured: dict[str, list[Measure]]) -> None:
    definition, again = measures.get(name), world(random_scenes(30, 0, side=600))
    found = [definition.measure(estimate) for estimate in definition.estimate(again)]
    assert found == [m for m in measured["ordinary"] if m.name == name]
