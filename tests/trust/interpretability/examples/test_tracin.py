import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.interpretability.examples.head_gradients import head_gradients
from finetrust.trust.interpretability.examples.tracin import tracin, tracin_self_influence

from .heads import clusters


def at_checkpoints(features, labels, heads):
    return [head_gradients(features, labels, weights, bias) for weights, bias in heads]


def heads_of(seed, count=2, d=4, classes=3):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(d, classes)), rng.normal(size=classes)) for _ in range(count)]


def losses(features, labels, weights, bias):
    logits = features @ weights + bias
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


def test_it_is_what_small_steps_of_descent_lower_the_loss_by():
    features, labels = clusters(12, 4, 3, 0)
    (weights, bias), rate = heads_of(1, 1)[0], 1e-5
    (gradients,) = at_checkpoints(features, labels, [(weights, bias)])
    found = tracin([gradients], [gradients], [rate])
    for row in range(12):
        residual = gradients.residuals[row]
        stepped = weights - rate * np.outer(features[row], residual), bias - rate * residual
        fall = losses(features, labels, weights, bias) - losses(features, labels, *stepped)
        np.testing.assert_allclose(found[:, row], fall, rtol=1e-2, atol=1e-9)


@given(st.integers(0, 10**6))
def test_self_influence_is_the_diagonal_and_checkpoints_add_up(seed):
    features, labels = clusters(10, 4, 3, seed)
    gradients = at_checkpoints(features, labels, heads_of(seed))
    rates = [0.3, 0.1]
    both = tracin(gradients, gradients, rates)
    np.testing.assert_allclose(both, both.T)
    np.testing.assert_allclose(np.diag(both), tracin_self_influence(gradients, rates))
    alone = [tracin([g], [g], [rate]) for g, rate in zip(gradients, rates, strict=True)]
    np.testing.assert_allclose(both, sum(alone))
    assert np.linalg.eigvalsh(both).min() > -1e-9


def test_checkpoints_count_alike_without_rates():
    features, labels = clusters(10, 4, 3, 0)
    gradients = at_checkpoints(features, labels, heads_of(0))
    np.testing.assert_allclose(
        tracin(gradients, gradients), tracin(gradients, gradients, [1.0, 1.0])
    )


def test_as_many_rates_as_checkpoints_are_needed():
    features, labels = clusters(10, 4, 3, 0)
    gradients = at_checkpoints(features, labels, heads_of(0))
    with pytest.raises(ValueError, match="longer"):
        tracin(gradients, gradients, [1.0])
