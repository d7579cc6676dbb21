import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.examples.head_gradients import head_gradients
from finetrust.trust.interpretability.examples.influence import influence, self_influence
from finetrust.trust.interpretability.examples.softmax_head import SoftmaxHead, fit_softmax_head
from finetrust.trust.interpretability.examples.tracin import tracin, tracin_self_influence

from .heads import clusters


def left_out(features, labels, classes, l2, asked, asked_labels, items):
    """The rise of the loss of the asked items by training without each of some items: (m, items)."""
    n = len(features)
    before = fit_softmax_head(features, labels, classes, l2).losses(asked, asked_labels)
    rises = []
    for item in items:
        some, their_labels = np.delete(features, item, axis=0), np.delete(labels, item)
        # The sum over the other items is still divided by n.
        head = fit_softmax_head(some, their_labels, classes, l2 * n / (n - 1))
        rises.append(head.losses(asked, asked_labels) - before)
    return np.stack(rises, axis=1)


def test_it_foretells_training_again_without_an_item():
    features, labels = clusters(300, 5, 3, 0)
    asked, asked_labels = clusters(20, 5, 3, 1)
    head = fit_softmax_head(features, labels, 3, 0.02)
    found = influence(head, features, labels, asked, asked_labels)
    items = range(0, 300, 2)
    everyone = np.concatenate([asked, features]), np.concatenate([asked_labels, labels])
    rises = left_out(features, labels, 3, 0.02, *everyone, items)
    found, actual = found[:, items], rises[:20]
    assert np.corrcoef(found.ravel(), actual.ravel())[0, 1] > 0.99
    assert min(np.corrcoef(*pair)[0, 1] for pair in zip(found, actual, strict=True)) > 0.99
    assert np.polyfit(found.ravel(), actual.ravel(), 1)[0] == pytest.approx(1, abs=0.1)
    own = rises[20:][items, np.arange(len(items))]
    assert np.corrcoef(self_influence(head, features, labels)[items], own)[0, 1] > 0.99


def test_conjugate_gradients_foretell_it_for_a_large_head():
    features, labels = clusters(24, 2100, 3, 0)
    features = features / np.sqrt(2100)
    asked, asked_labels = features[:6] + 0.01, labels[:6]
    head = fit_softmax_head(features, labels, 3, 0.3)
    found = influence(head, features, labels, asked, asked_labels)
    some = [0, 5, 11]
    actual = left_out(features, labels, 3, 0.3, asked, asked_labels, some)
    assert np.corrcoef(found[:, some].ravel(), actual.ravel())[0, 1] > 0.99


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.1]))
def test_self_influence_is_the_diagonal_and_not_negative(seed, l2):
    features, labels = clusters(40, 4, 3, seed)
    head = fit_softmax_head(features, labels, 3, l2)
    everything = influence(head, features, labels, features, labels)
    own = self_influence(head, features, labels)
    np.testing.assert_allclose(np.diag(everything), own, atol=1e-12)
    np.testing.assert_allclose(everything, everything.T, atol=1e-10)
    assert (own >= 0).all()


def test_of_a_strong_penalty_it_is_tracin():
    features, labels = clusters(42, 4, 3, 0)
    features -= features.mean(axis=0)
    head = fit_softmax_head(features, labels, 3, 1e4)
    gradients = head_gradients(features, labels, head.weights, None)
    # Weights far stiffer than the loss: the inverse Hessian is 1 / l2, but for the intercepts.
    found = influence(head, features, labels, features, labels)
    intercepts = gradients.residuals @ gradients.residuals.T * 3
    expected = (tracin([gradients], [gradients]) / 1e4 + intercepts) / 42
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_a_copy_of_the_asked_item_helps_and_one_with_another_label_harms():
    features, labels = clusters(60, 4, 3, 3)
    asked, right = features[:1], labels[:1]
    features = np.concatenate([features, asked, asked])
    labels = np.concatenate([labels, right, (right + 1) % 3])
    head = fit_softmax_head(features, labels, 3, 0.02)
    found = influence(head, features, labels, asked, right)[0]
    assert found[-2] > 0 > found[-1]
    assert found.argmin() == 61


def test_planted_wrong_labels_stand_first():
    features, labels = clusters(1000, 16, 5, 4)
    wrong = np.random.default_rng(5).choice(1000, 20, replace=False)
    noisy = labels.copy()
    noisy[wrong] = (noisy[wrong] + 1 + np.arange(20) % 4) % 5
    head = fit_softmax_head(features, noisy, 5, 1e-3)
    gradients = head_gradients(features, noisy, head.weights, head.bias)
    for found in (self_influence(head, features, noisy), tracin_self_influence([gradients])):
        assert np.isin(np.argsort(-found)[:50], wrong).sum() >= 14


def test_a_large_head_has_no_influence_of_items_on_themselves():
    head = SoftmaxHead(np.zeros((2100, 3)), np.zeros(3), 0.1)
    with pytest.raises(NotApplicable, match="6,303 weights is too large"):
        self_influence(head, np.zeros((2, 2100)), np.array([0, 1]))
