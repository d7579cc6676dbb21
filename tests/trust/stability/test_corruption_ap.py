"""Average precision under corruption is the mean over types of the mean over severities."""

from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure
from finetrust.trust.measure_all import measure_all
from trust.accuracy.detection.scenes import (
    Scene,
    evidence_of,
    random_scenes,
    reference,
    scene,
    table_of,
)

BOX = (0, 0, 50, 50)


def measured(evidence: Evidence) -> dict[str, Measure]:
    return {measure.key: measure for measure in measure_all(evidence)}


def losing(scenes: list[Scene], share: float, seed: int) -> list[Scene]:
    """Return scenes that have lost a share of their detections."""
    rng = np.random.default_rng(seed)
    kept = [rng.random(len(one["pred_scores"])) >= share for one in scenes]
    return [
        {name: values[rows] if name.startswith("pred") else values for name, values in one.items()}
        for one, rows in zip(scenes, kept, strict=True)
    ]


def world(scenes: list[Scene], rows: list[int] | None = None) -> tuple[Evidence, dict[str, list]]:
    rows = list(range(len(scenes))) if rows is None else rows
    worse = {
        "fog-1": losing(scenes, 0.1, 1),
        "fog-3": losing(scenes, 0.4, 2),
        "noise-5": losing(scenes, 0.8, 3),
    }
    perturbed = {name: table_of([of[i] for i in rows], rows, name) for name, of in worse.items()}
    return evidence_of(scenes, perturbed=perturbed), worse


def test_every_type_counts_the_same_and_in_it_every_severity() -> None:
    scenes = random_scenes(10, 0, classes=2)
    evidence, worse = world(scenes)
    found = measured(evidence)
    ap = {name: reference(of)[0]["ap"] for name, of in worse.items()}
    fog = (ap["fog-1"] + ap["fog-3"]) / 2
    assert found["corruption_ap[corruption=fog]"].value == pytest.approx(fog, abs=1e-9)
    assert found["corruption_ap"].value == pytest.approx((fog + ap["noise-5"]) / 2, abs=1e-9)
    table = found["corruption_ap"].details
    assert {name: list(of) for name, of in table.items()} == {"fog": ["1", "3"], "noise": ["5"]}
    assert table["fog"]["3"] == pytest.approx(ap["fog-3"], abs=1e-9)
    clean = reference(scenes)[0]["ap"]
    kept = found["relative_corruption_ap"]
    assert kept.value == pytest.approx(found["corruption_ap"].value / clean, abs=1e-9)
    assert kept.ci_low < kept.value < kept.ci_high


def test_only_the_corrupted_images_are_compared() -> None:
    scenes = random_scenes(20, 0, classes=2)
    rows = [3, 17, 5, 8, 11]
    evidence, _ = world(scenes, rows)
    found = measured(evidence)["relative_corruption_ap"]
    some = [scenes[i] for i in sorted(rows, key=str)]
    assert found.n == 5
    again, _ = world(some)
    harmless = replace(again, perturbed={"none-1": table_of(some)})
    assert measured(harmless)["relative_corruption_ap"].value == pytest.approx(1)
    clean = reference(some)[0]["ap"]
    assert found.value == pytest.approx(measured(evidence)["corruption_ap"].value / clean, abs=1e-9)


def test_pairing_makes_the_kept_part_surer_than_its_parts() -> None:
    scenes = random_scenes(40, 1)
    same = evidence_of(scenes, perturbed={"none-1": table_of(losing(scenes, 0.05, 0))})
    found = measured(same)
    parts, kept = (
        (found[name].ci_high - found[name].ci_low) / found[name].value
        for name in ("corruption_ap", "relative_corruption_ap")
    )
    assert kept < parts / 2


def test_nothing_found_untouched_has_nothing_to_lose() -> None:
    evidence = evidence_of(
        [scene([(0, BOX)])] * 3, perturbed={"fog-1": table_of([scene([(0, BOX)])] * 3)}
    )
    found = measured(evidence)
    assert found["corruption_ap"].value == 0
    assert found["relative_corruption_ap"].reason is not None
