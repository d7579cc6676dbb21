"""The calibration error of detections is 0 where scores are shares that are right, and only there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_gap
from finetrust.trust.accuracy.calibration.reliability import (
    Confidence,
    expected_calibration_error,
    reliability_diagram,
)
from finetrust.trust.measure_all import measure_all

from .scenes import Scene, evidence_of, scene


def planted(n: int, seed: int, shift: float = 0.0, left: float = 0.0) -> list[Scene]:
    """Return images whose detections are right with the probability of their score minus `shift`.

    Those in the left half lose `left` of it, those in the right half gain as much.
    """
    rng = np.random.default_rng(seed)
    scenes = []
    for _ in range(n):
        truths, found = [], []
        for place in range(6):
            score = rng.uniform(0.4, 0.9)
            box = (50 * place, 20, 50 * place + 40, 60)
            side = -left if place < 3 else left
            found.append((0, float(score), box))
            if rng.random() < score - shift + side:
                truths.append((0, box))
        scenes.append(scene(truths, found))
    return scenes


def measured(evidence: Evidence) -> dict[str, Measure]:
    return {measure.key: measure for measure in measure_all(evidence)}


@pytest.mark.parametrize("name", ["d_ece", "d_ece_position"])
def test_calibrated_detections_are_not_told_from_calibrated_ones(name: str) -> None:
    found = measured(evidence_of(planted(300, 0)))[name]
    assert found.ci_low == 0
    assert found.value is not None
    assert found.value < 0.06


def test_a_planted_gap_lies_in_the_interval() -> None:
    found = measured(evidence_of(planted(300, 1, shift=0.2)))["d_ece"]
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert 0.1 < found.ci_low < 0.2 < found.ci_high < 0.3


def test_what_cancels_out_over_the_image_is_seen_by_place() -> None:
    found = measured(evidence_of(planted(300, 2, left=0.15)))
    assert found["d_ece"].ci_low == 0
    assert found["d_ece_position"].ci_low is not None
    assert found["d_ece_position"].ci_low > 0.05


def test_the_diagram_is_that_of_the_judged_detections() -> None:
    scenes = planted(20, 3)
    scenes[0]["true_crowd"][:] = True
    details = measured(evidence_of(scenes))["d_ece"].details
    crowded = len(scenes[0]["true_crowd"])
    assert details["detections"] == sum(details["before"]["count"]) == 120 - crowded
    empty = reliability_diagram(Confidence(np.array([0.5]), np.array([True])))
    assert details["before"].keys() == empty.keys()
    assert details["after"] is None


def test_scores_are_judged_after_their_calibration() -> None:
    validation, unseen = evidence_of(planted(400, 5, shift=0.2)), planted(400, 6, shift=0.2)
    calibration = calibrate(validation.clean)
    before = measured(evidence_of(unseen))
    after = measured(replace(evidence_of(unseen), calibration=calibration))
    assert before["d_ece"].ci_low > 0.15
    assert after["d_ece"].ci_low == 0
    assert after["d_ece"].details["before"] == before["d_ece"].details["before"]
    assert sum(after["d_ece"].details["after"]["count"]) == before["d_ece"].details["detections"]
    assert after["d_ece_position"].value < before["d_ece_position"].value - 0.1
    assert after["ap"] == before["ap"]


def test_low_scores_are_not_judged() -> None:
    box = (0, 0, 40, 40)
    sure = scene([(0, box)], [(0, 0.75, box)])
    doubtful = scene([(0, box)], [(0, 0.75, box), (0, 0.29, box), (0, 0.1, box)])
    values = [measured(evidence_of([one] * 5))["d_ece"].value for one in (sure, doubtful)]
    assert values == [pytest.approx(0.25), pytest.approx(0.25)]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30)
)
def test_by_score_alone_it_is_the_ece(rows: list[tuple[float, bool, int]]) -> None:
    score, right, image = (np.array(column) for column in zip(*rows, strict=True))
    confidence = Confidence(score.astype(float), right)
    value, low, high = clustered_gap(confidence, confidence.bins, 15, image, 4, 0)
    assert value == pytest.approx(expected_calibration_error(confidence), abs=1e-12)
    assert 0 <= low <= value <= high <= 1


def test_it_agrees_with_torchmetrics() -> None:
    import torch
    from torchmetrics.functional.classification import binary_calibration_error

    rng = np.random.default_rng(0)
    # Scores from 0.5, where the confidence in a binary answer is the score itself.
    score = rng.uniform(0.5, 1, 400)
    right = rng.random(400) < 0.8 * score
    value, _, _ = clustered_gap(
        Confidence(score, right), Confidence(score, right).bins, 15, np.arange(400) % 20, 20, 0
    )
    theirs = binary_calibration_error(torch.from_numpy(score), torch.from_numpy(right).long(), 15)
    assert value == pytest.approx(float(theirs), abs=1e-6)
