"""No item is judged by a classifier that saw its label, or that of a copy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from finetrust.trust.data.out_of_fold import (
    FOLDS,
    fit_logistic,
    folds_of,
    has_label_elsewhere,
    out_of_fold_log_probabilities,
)


def clusters(n: int, classes: int, seed: int, d: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    centres = 2 * rng.normal(size=(classes, d))
    return (centres[labels] + rng.normal(size=(n, d))).astype(np.float32), labels


def singly(n: int) -> list[str]:
    return [f"{i:05d}" for i in range(n)]


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), min_size=1, max_size=60))
def test_copies_lie_in_one_fold_whatever_their_labels(items: list[tuple[int, int]]) -> None:
    originals = [str(original) for original, _ in items]
    folds = folds_of(originals, np.array([label for _, label in items]), seed=0)
    assert ((folds >= 0) & (folds < FOLDS)).all()
    fold_of: dict[str, int] = {}
    for original, fold in zip(originals, folds.tolist(), strict=True):
        assert fold_of.setdefault(original, fold) == fold


def test_folds_are_as_even_as_can_be_in_all_and_in_each_class() -> None:
    labels = np.random.default_rng(0).integers(0, 7, 503)
    folds = folds_of(singly(503), labels, seed=1)
    assert np.ptp(np.bincount(folds)) <= 1
    for label in range(7):
        assert np.ptp(np.bincount(folds[labels == label], minlength=FOLDS)) <= 1
    assert (folds != folds_of(singly(503), labels, seed=2)).any()


def test_the_labels_of_a_fold_have_no_say_in_what_is_said_of_it() -> None:
    features, labels = clusters(200, 4, seed=0)
    folds = folds_of(singly(200), labels, seed=0)
    before = out_of_fold_log_probabilities(features, labels, folds, 4)
    for fold in range(FOLDS):
        other = labels.copy()
        other[folds == fold] = (other[folds == fold] + 1) % 4
        after = out_of_fold_log_probabilities(features, other, folds, 4)
        np.testing.assert_array_equal(before[folds == fold], after[folds == fold])
        assert (before[folds != fold] != after[folds != fold]).any()


def test_an_item_that_tells_its_label_by_itself_alone_is_not_recognised() -> None:
    # Each item has a feature of its own: whoever saw it knows its random label.
    labels = np.random.default_rng(0).integers(0, 2, 100)
    features = np.eye(100, dtype=np.float32)
    alone = out_of_fold_log_probabilities(features, labels, folds_of(singly(100), labels, 0), 2)
    right = (alone.argmax(axis=1) == labels).mean()
    assert 0.3 < right < 0.7
    twice, both = np.repeat(features, 2, axis=0), np.repeat(labels, 2)
    pairs = folds_of([str(i // 2) for i in range(200)], both, 0)
    together = out_of_fold_log_probabilities(twice, both, pairs, 2)
    assert 0.3 < (together.argmax(axis=1) == both).mean() < 0.7
    apart = out_of_fold_log_probabilities(twice, both, folds_of(singly(200), both, 0), 2)
    assert (apart.argmax(axis=1) == both).mean() > 0.7


def test_the_fit_is_the_logistic_regression_of_scikit_learn() -> None:
    features, labels = clusters(300, 3, seed=1)
    weights = fit_logistic(features, labels, 3, np.full(12, 0.5), iterations=500)
    logits = features @ weights[:-1] + weights[-1]
    reference = LogisticRegression(C=2.0, tol=1e-10, max_iter=5000).fit(features, labels)
    ours = np.exp(logits - logits.max(axis=1, keepdims=True))
    ours /= ours.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ours, reference.predict_proba(features), atol=2e-3)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_it_is_as_right_as_scikit_learn_at_any_scale_of_the_features(scale: float) -> None:
    features, labels = clusters(600, 5, seed=2)
    folds = folds_of(singly(600), labels, seed=0)
    found = out_of_fold_log_probabilities(scale * features, labels, folds, 5)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-5)
    reference = np.empty(600, int)
    for fold in range(FOLDS):
        model = LogisticRegression(max_iter=1000).fit(
            features[folds != fold], labels[folds != fold]
        )
        reference[folds == fold] = model.predict(features[folds == fold])
    ours = (found.argmax(axis=1) == labels).mean()
    assert ours == pytest.approx((reference == labels).mean(), abs=0.01)


def test_features_without_spread_leave_the_shares_of_the_classes() -> None:
    labels = np.repeat([0, 1], [75, 25])
    folds = folds_of(singly(100), labels, seed=0)
    found = np.exp(out_of_fold_log_probabilities(np.ones((100, 3), np.float32), labels, folds, 2))
    np.testing.assert_allclose(found, [[0.75, 0.25]] * 100, atol=0.01)


def test_a_label_that_one_fold_alone_holds_cannot_be_judged() -> None:
    labels = np.array([0, 0, 1, 2, 2, 2])
    folds = np.array([0, 1, 0, 3, 3, 3])
    assert has_label_elsewhere(labels, folds).tolist() == [True, True, False, False, False, False]
