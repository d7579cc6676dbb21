import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from finetrust.trust.interpretability.examples.softmax_head import fit_softmax_head

from .heads import clusters


@pytest.mark.parametrize("l2", [1e-3, 1e-1])
def test_it_is_scikit_learns(l2):
    features, labels = clusters(90, 5, 3, 0)
    head = fit_softmax_head(features, labels, 3, l2)
    theirs = LogisticRegression(C=1 / (l2 * 90), tol=1e-10, max_iter=10000).fit(features, labels)
    np.testing.assert_allclose(head.weights.T, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(
        head.bias - head.bias.mean(), theirs.intercept_ - theirs.intercept_.mean(), atol=1e-4
    )
    expected = -np.log(theirs.predict_proba(features)[np.arange(90), labels])
    np.testing.assert_allclose(head.losses(features, labels), expected, atol=1e-4)


@given(
    st.integers(0, 10**6), st.sampled_from([1e-4, 1e-2, 1.0]), st.sampled_from([0.01, 1.0, 30.0])
)
def test_at_the_minimum_there_is_no_slope(seed, l2, scale):
    features, labels = clusters(30, 3, 3, seed)
    features = scale * features
    head = fit_softmax_head(features, labels, 3, l2)
    residuals = softmax(features @ head.weights + head.bias, axis=1) - np.eye(3)[labels]
    assert np.abs(features.T @ residuals / 30 + l2 * head.weights).max() < 1e-7
    assert np.abs(residuals.mean(axis=0)).max() < 1e-8


def test_classes_that_can_be_separated_have_a_minimum_all_the_same():
    features = np.array([[-1.0], [-2], [1], [2]])
    head = fit_softmax_head(features, np.array([0, 0, 1, 1]), 2, 1e-4)
    assert np.isfinite(head.weights).all()
    assert (head.losses(features, np.array([0, 0, 1, 1])) < 0.05).all()


def test_a_class_without_items_is_unlikely_and_no_fault():
    features, labels = clusters(30, 3, 2, 0)
    head = fit_softmax_head(features, labels, 3, 0.01)
    assert np.isfinite(head.weights).all()
    assert softmax(features @ head.weights + head.bias, axis=1)[:, 2].max() < 1e-3
