import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from finetrust.trust.interpretability.concepts.concept_vector import (
    concept_vector,
    vectors_between,
)


@pytest.mark.parametrize("d", [4, 200])
def test_the_vector_is_the_normal_of_logistic_regression(d):
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(25, d)) + 0.5, rng.normal(size=(25, d))
    vector = concept_vector(one, two)
    both = np.concatenate([one, two])
    both = (both - both.mean(axis=0)) / np.sqrt(np.square(both - both.mean(axis=0)).mean())
    theirs = LogisticRegression(tol=1e-8, max_iter=10000).fit(both, [1] * 25 + [0] * 25).coef_[0]
    assert vector @ theirs / np.linalg.norm(theirs) == pytest.approx(1, abs=1e-4)
    assert np.linalg.norm(vector) == pytest.approx(1)
    np.testing.assert_allclose(concept_vector(two, one), -vector, atol=1e-3)
    np.testing.assert_allclose(concept_vector(50 * one + 3, 50 * two + 3), vector, atol=1e-3)


def test_sets_that_are_all_alike_have_no_vector():
    assert not concept_vector(np.ones((6, 3)), np.ones((6, 3))).any()


def test_each_set_is_compared_with_every_other():
    rng = np.random.default_rng(1)
    sets = [rng.normal(size=(8, 3)) for _ in range(4)]
    found = vectors_between(sets)
    assert found.shape == (4, 3, 3)
    np.testing.assert_allclose(found[2, 1], concept_vector(sets[2], sets[1]))
    np.testing.assert_allclose(found[2, 2], concept_vector(sets[2], sets[3]), atol=1e-3)
    np.testing.assert_array_equal(found[1, 1], -found[2, 1])
