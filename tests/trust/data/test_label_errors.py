"""Wrong labels of the evaluation data: planted ones are found, the model's own errors are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.data.confident_learning import noise_share
from finetrust.trust.data.label_errors import label_errors

from ..worlds import evidence_of, tables
from .noisy_worlds import noisy_world


def measured(evidence: Evidence) -> Estimate:
    (found,) = label_errors(evidence)
    assert isinstance(found, Estimate)
    return found


def test_one_label_in_twenty_is_found_and_named() -> None:
    logits, labels, wrong = noisy_world(2000, 10, 0.05, seed=1, sharpness=12)
    found = measured(evidence_of(logits, labels, classes=tuple("abcdefghij")))
    assert found.ci_low <= 0.05 <= found.ci_high
    assert found.n == 2000
    assert found.details["alarm"] is True
    suspects = found.details["suspects"]
    assert 100 <= len(suspects) <= 150
    named = np.array([int(suspect["id"]) for suspect in suspects])
    assert wrong[named[:100]].mean() > 0.85
    assert wrong[named[:50]].all()
    for suspect, row in zip(suspects, named, strict=True):
        assert suspect["label"] == "abcdefghij"[labels[row]]
        assert suspect["suggested"] == "abcdefghij"[logits[row].argmax()]
        assert suspect["confidence"] == pytest.approx(softmax(logits[row]).max())
    doubt = [suspect["probability_wrong"] for suspect in suspects]
    assert doubt[0] > 0.999
    assert doubt[0] > doubt[-1]


@pytest.mark.parametrize("sharpness", [4.2, 12])
def test_a_clean_world_raises_no_alarm_however_often_the_model_errs(sharpness: float) -> None:
    logits, labels, _ = noisy_world(2000, 10, 0, seed=2, sharpness=sharpness)
    found = measured(evidence_of(logits, labels))
    assert found.value < 0.005
    assert found.ci_low == 0
    assert found.details["alarm"] is False
    learnt = found.details["confident_learning"]
    assert learnt["share"] == pytest.approx(
        noise_share(softmax(logits, axis=1).astype(np.float32), labels)
    )
    assert learnt["share_if_right"] == pytest.approx(learnt["share"], abs=0.03)


def test_a_temperature_of_the_calibration_is_undone_by_the_fit() -> None:
    logits, labels, _ = noisy_world(1500, 5, 0.05, seed=3)
    plain = measured(evidence_of(logits, labels))
    hot = measured(evidence_of(logits, labels, calibration={"temperature": 2.0}))
    assert hot.value == pytest.approx(plain.value, abs=1e-3)
    assert hot.details["temperature"] == pytest.approx(plain.details["temperature"] / 2, rel=0.02)


def test_items_without_an_answer_are_left_out() -> None:
    logits, labels, _ = noisy_world(500, 5, 0.05, seed=4)
    spoiled = logits.copy()
    spoiled[::10] = np.nan
    kept = np.arange(500) % 10 != 0
    found = measured(evidence_of(spoiled, labels))
    assert found.n == 450
    assert found.value == pytest.approx(measured(evidence_of(logits[kept], labels[kept])).value)
    assert all(int(suspect["id"]) % 10 for suspect in found.details["suspects"])


@given(tables(min_items=1), st.randoms(use_true_random=False))
def test_on_any_table_suspects_are_contradicted_items_and_order_means_nothing(
    table: tuple, random
) -> None:
    logits, labels = table
    if logits.shape[1] < 2:
        return
    evidence = evidence_of(logits, labels)
    found = measured(evidence)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1
    for suspect in found.details["suspects"]:
        assert suspect["label"] != suspect["suggested"]
        assert 0 <= suspect["probability_wrong"] <= 1
    order = np.array(random.sample(range(len(labels)), len(labels)))
    assert measured(evidence.take(order)).value == pytest.approx(found.value, abs=1e-3)


def test_one_class_and_no_answer_are_reasons() -> None:
    with pytest.raises(NotApplicable, match="single class"):
        measured(evidence_of(np.zeros((3, 1)), [0, 0, 0]))
    with pytest.raises(NotApplicable, match="NaN or infinity for every item"):
        measured(evidence_of(np.full((3, 2), np.nan), [0, 1, 0]))
