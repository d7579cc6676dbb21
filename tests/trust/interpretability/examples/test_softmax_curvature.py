import numpy as np
import pytest
import torch
from scipy.special import softmax

from finetrust.trust.interpretability.examples.softmax_curvature import (
    curvature_times,
    hessian,
    inverse_curvature,
    is_exact,
)

from .heads import clusters, loss

L2 = 0.01


def problem(n, d, classes, seed=0):
    features, labels = clusters(n, d, classes, seed)
    features = features / np.sqrt(d)
    weights = np.random.default_rng(seed).normal(size=(d + 1, classes))
    return features, labels, weights, softmax(features @ weights[:-1] + weights[-1], axis=1)


def shift_of_intercepts(d, classes):
    """The direction that changes no probability, and that has a curvature of 1 by convention."""
    direction = np.zeros((d + 1, classes))
    direction[-1] = 1 / np.sqrt(classes)
    return direction.ravel()


def test_the_hessian_is_autograds():
    features, labels, weights, p = problem(40, 4, 3)
    theirs = torch.autograd.functional.hessian(
        lambda flat: loss(flat, features, labels, L2), torch.from_numpy(weights.ravel())
    ).numpy()
    shift = shift_of_intercepts(4, 3)
    assert theirs @ shift == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(
        hessian(features, p, L2), theirs + np.outer(shift, shift), atol=1e-12
    )


def test_products_with_the_hessian_need_not_write_it_out():
    features, _, _, p = problem(30, 6, 4)
    vectors = np.random.default_rng(1).normal(size=(5, 7, 4))
    expected = vectors.reshape(5, -1) @ hessian(features, p, L2)
    found = curvature_times(features, p, L2, vectors)
    np.testing.assert_allclose(found.reshape(5, -1), expected, atol=1e-12)


@pytest.mark.parametrize(("d", "exact"), [(50, True), (2100, False)])
def test_division_undoes_multiplication_for_small_and_large_heads(d, exact):
    features, labels, weights, p = problem(25, d, 3)
    assert is_exact(d, 3) == exact
    wanted = np.random.default_rng(2).normal(size=(4, d + 1, 3))
    wanted[:, -1] -= wanted[:, -1].mean(axis=1, keepdims=True)
    multiplied = [
        torch.autograd.functional.hvp(
            lambda flat: loss(flat, features, labels, L2),
            torch.from_numpy(weights.ravel()),
            torch.from_numpy(vector.ravel()),
        )[1].numpy()
        for vector in wanted
    ]
    found = inverse_curvature(features, p, L2)(np.stack(multiplied).reshape(wanted.shape))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_vector_of_zeros_stays_one():
    features, _, _, p = problem(10, 2100, 3)
    assert not inverse_curvature(features, p, L2)(np.zeros((2, 2101, 3))).any()
