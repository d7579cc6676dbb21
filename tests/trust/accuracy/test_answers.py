"""What is read off the answers agrees with plain loops over the items."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy import answers
from finetrust.trust.accuracy.answers import (
    Answers,
    answers_of,
    chunks,
    decisions_of,
    uncalibrated_answers_of,
)
from finetrust.trust.accuracy.probabilities import NO_ANSWER, predicted_classes

from ..worlds import calibrated_world, evidence_of, predictions_of, tables


def by_plain_loops(logits: np.ndarray, targets: np.ndarray, temperature: float) -> list[dict]:
    """Return the figures of every item with an answer, one at a time."""
    found = []
    for row, (item, target) in enumerate(zip(logits.tolist(), targets.tolist(), strict=True)):
        if not all(map(math.isfinite, item)):
            continue
        largest = max(item)
        shifted = [(x - largest) / temperature for x in item]
        log_p = [x - math.log(sum(map(math.exp, shifted))) for x in shifted]
        p = list(map(math.exp, log_p))
        predicted = item.index(largest)
        order = sorted(range(len(item)), key=lambda c, item=item: (-item[c], c))
        others = [x for c, x in enumerate(p) if c != predicted]
        found.append(
            {
                "rows": row,
                "target": target,
                "predicted": predicted,
                "right": predicted == target,
                "confidence": p[predicted],
                "target_probability": p[target],
                "loss": -log_p[target],
                "brier": sum((x - (c == target)) ** 2 for c, x in enumerate(p)),
                "target_rank": order.index(target),
                "entropy": -sum(x * y for x, y in zip(p, log_p, strict=True)),
                "margin": p[predicted] - max(others) if others else 0.0,
                "energy": -largest - math.log(sum(math.exp(x - largest) for x in item)),
            }
        )
    return found


@given(tables(answered=False), st.sampled_from([0.3, 1.0, 2.5]))
def test_it_is_what_plain_loops_find(table: tuple, temperature: float) -> None:
    logits, targets = table
    expected = by_plain_loops(logits, targets, temperature)
    predictions = predictions_of(logits, targets)
    if not expected:
        with pytest.raises(NotApplicable, match="NaN or infinity for every item"):
            Answers.of(predictions, {"temperature": temperature})
        return
    found = Answers.of(predictions, {"temperature": temperature})
    for name, values in vars(found).items():
        loop = [item[name] for item in expected]
        assert values.tolist() == pytest.approx(loop, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("cells", [1, 7, 50])
def test_the_size_of_the_pieces_does_not_matter(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, targets = calibrated_world(30, 5, seed=0)
    logits[[0, 7, 29], 2] = np.nan
    whole = Answers.of(predictions_of(logits, targets), {})
    monkeypatch.setattr(answers, "CELLS_AT_ONCE", cells)
    pieces = Answers.of(predictions_of(logits, targets), {})
    assert len(pieces.rows) == 27
    for name, values in vars(whole).items():
        np.testing.assert_array_equal(getattr(pieces, name), values)


def test_pieces_tell_which_items_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "CELLS_AT_ONCE", 12)
    logits, targets = calibrated_world(10, 3, seed=0)
    logits[4:8] = np.inf
    seen = []
    for rows, of_rows, log_p, target in chunks(predictions_of(logits, targets), {}):
        np.testing.assert_array_equal(of_rows, logits[rows])
        np.testing.assert_array_equal(target, targets[rows])
        np.testing.assert_allclose(log_p, of_rows - logsumexp(of_rows, axis=1, keepdims=True))
        seen += rows.tolist()
    assert seen == [0, 1, 2, 3, 8, 9]


@pytest.mark.parametrize("scale", [1e-38, 1e-12, 1.0, 1e30])
def test_what_rounding_ties_is_decided_by_the_logits(scale: float) -> None:
    logits = scale * np.array([[1, 2, 3], [3, 2, 1], [2, 3, 1.0]])
    found = Answers.of(predictions_of(logits, [2, 2, 1]), {"temperature": 7.0})
    assert found.predicted.tolist() == [2, 0, 1]
    assert found.target_rank.tolist() == [0, 2, 0]
    assert found.right.tolist() == [True, False, True]


def test_huge_logits_are_certain() -> None:
    found = Answers.of(predictions_of([[1e300, -1e300], [-1e300, 1e300]], [0, 0]), {})
    assert found.confidence.tolist() == [1, 1]
    assert found.brier.tolist() == [0, 2]
    assert found.entropy.tolist() == [0, 0]
    assert np.isfinite(found.loss).all()
    assert np.isfinite(found.energy).all()


def test_the_calibration_changes_probabilities_but_not_the_energy() -> None:
    evidence = evidence_of(*calibrated_world(20, 4, seed=0), calibration={"temperature": 3.0})
    ours, raw = answers_of(evidence), uncalibrated_answers_of(evidence)
    assert (ours.confidence < raw.confidence).all()
    np.testing.assert_array_equal(ours.energy, raw.energy)
    np.testing.assert_array_equal(ours.target_rank, raw.target_rank)


def test_answers_are_computed_once() -> None:
    evidence = evidence_of(*calibrated_world(20, 4, seed=0))
    assert answers_of(evidence) is answers_of(evidence)
    assert uncalibrated_answers_of(evidence) is answers_of(evidence)


@given(tables(answered=False))
def test_decisions_are_those_of_the_answers_and_none_without(table: tuple) -> None:
    logits, targets = table
    evidence = evidence_of(logits, targets, calibration={"temperature": 2.0})
    decided = decisions_of(evidence)
    np.testing.assert_array_equal(decided, predicted_classes(evidence.clean, evidence.calibration))
    np.testing.assert_array_equal(decided == NO_ANSWER, ~np.isfinite(logits).all(axis=1))
    if (decided != NO_ANSWER).any():
        found = answers_of(evidence)
        np.testing.assert_array_equal(decided[found.rows], found.predicted)


def test_a_table_of_decisions_states_them() -> None:
    columns = {"target": np.array([0, 1]), "predicted_class": np.array([1, 1])}
    assert decisions_of(Evidence(Predictions(np.array(["a", "b"]), columns))).tolist() == [1, 1]


def test_a_calibration_that_changes_answers_changes_decisions_and_ranks() -> None:
    logits, targets = calibrated_world(40, 3, seed=0)
    shift = {"factors": [1.0, 1.0, 1.0], "offsets": [0.0, 0.0, 1e3]}
    calibration = {"method": "vector", "parameters": shift}
    evidence = evidence_of(logits, targets, calibration=calibration)
    assert set(decisions_of(evidence).tolist()) == {2}
    found = answers_of(evidence)
    assert set(found.predicted.tolist()) == {2}
    assert (found.target_rank[targets == 2] == 0).all()
    assert (found.target_rank[targets != 2] > 0).all()
    np.testing.assert_array_equal(
        uncalibrated_answers_of(evidence).predicted, logits.argmax(axis=1)
    )


def test_a_single_class_is_certain_and_has_no_margin() -> None:
    found = Answers.of(predictions_of([[3.0], [-1.0]], [0, 0]), {})
    assert found.right.all()
    assert found.confidence.tolist() == [1, 1]
    assert found.margin.tolist() == found.loss.tolist() == found.brier.tolist() == [0, 0]
