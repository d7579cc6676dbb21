"""The accuracy that wrong labels hide is found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.data.accuracy_if_labels_right import (
    accuracy_if_labels_right,
    accuracy_without_noise,
)

from ..worlds import evidence_of
from .noisy_worlds import noisy_world


def measured(logits: np.ndarray, labels: np.ndarray) -> Estimate:
    (found,) = accuracy_if_labels_right(evidence_of(logits, labels))
    assert isinstance(found, Estimate)
    return found


@pytest.mark.parametrize(("share", "seed"), [(0.02, 1), (0.1, 2), (0.2, 3)])
def test_planted_wrong_labels_are_taken_out(share: float, seed: int) -> None:
    logits, labels, _ = noisy_world(3000, 10, share, seed, sharpness=12)
    _, right_labels, _ = noisy_world(3000, 10, 0, seed, sharpness=12)
    truly = (logits.argmax(axis=1) == right_labels).mean()
    found = measured(logits, labels)
    assert found.value == pytest.approx(truly, abs=0.012)
    assert found.ci_low < truly < found.ci_high
    assert found.n == 3000
    low, high = found.details["bounds"]
    assert low <= truly <= high
    assert found.details["accuracy"] < truly - share / 2


def test_among_right_labels_it_is_the_accuracy_with_its_interval() -> None:
    logits, labels, _ = noisy_world(2000, 10, 0, seed=4)
    found = measured(logits, labels)
    right = logits.argmax(axis=1) == labels
    assert found.value == pytest.approx(right.mean(), abs=0.005)
    low, high = wilson(right.sum(), 2000)
    assert found.ci_low == pytest.approx(float(low), abs=0.005)
    assert found.ci_high == pytest.approx(float(high), abs=0.005)


def test_the_interval_keeps_its_promise() -> None:
    kept = 0
    many, targets, _ = noisy_world(100_000, 5, 0, seed=999, sharpness=3)
    truly = (many.argmax(axis=1) == targets).mean()
    for seed in range(100):
        logits, labels, _ = noisy_world(400, 5, 0.08, seed, sharpness=3)
        found = measured(logits, labels)
        kept += found.ci_low <= truly <= found.ci_high
    assert kept >= 90


@given(st.floats(0, 1), st.floats(0, 0.99), st.integers(2, 50))
def test_it_undoes_what_noise_does(accuracy: float, part: float, classes: int) -> None:
    share = part * (1 - 1 / classes)
    seen = (1 - share) * accuracy + (1 - accuracy) * share / (classes - 1)
    assert accuracy_without_noise(seen, share, classes) == pytest.approx(accuracy, abs=1e-6)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 50))
def test_it_is_a_share_whatever_is_asked(accuracy: float, part: float, classes: int) -> None:
    assert 0 <= accuracy_without_noise(accuracy, part * (1 - 1 / classes), classes) <= 1


def test_labels_that_say_nothing_are_the_reason() -> None:
    certain = 1000 * np.eye(4)[np.arange(40) % 4]
    with pytest.raises(NotApplicable, match="no more often than by chance"):
        measured(certain, (np.arange(40) + 1) % 4)


def test_one_item_leaves_nearly_everything_open() -> None:
    found = measured(np.array([[2.0, 0, 0]]), np.array([0]))
    assert (found.value, found.ci_high) == (1, 1)
    assert found.ci_low < 0.25
