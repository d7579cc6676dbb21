"""Influence through the last layer: which way is taken, and that both ways agree on what matters."""

import numpy as np
import pytest

from finetrust.trust.interpretability.examples.head_influence import L2, HeadInfluence
from finetrust.trust.interpretability.examples.softmax_head import fit_softmax_head

from .heads import clusters


def small(n: int = 60, d: int = 5) -> HeadInfluence:
    features, labels = clusters(n, d, 3, seed=0)
    logits = 2 * np.eye(3)[labels] + np.random.default_rng(1).normal(size=(n, 3))
    return HeadInfluence(features, labels, logits)


def large() -> HeadInfluence:
    """A head of more weights than a Hessian is written out for."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 3
    features = rng.normal(size=(40, 2100)) + 3 * np.eye(3, 2100)[labels]
    return HeadInfluence(features, labels, 3.0 * np.eye(3)[labels] + rng.normal(size=(40, 3)))


def test_small_heads_have_the_influence_function_and_large_ones_tracin():
    assert small().way == "influence function"
    assert large().way == "TracIn"
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, 400)).astype(np.float32)
    many = HeadInfluence(features, np.arange(4000) % 10, rng.normal(size=(4000, 10)))
    assert many.way == "TracIn"


def test_it_foretells_what_leaving_an_item_out_does_to_an_answer():
    ours = small()
    asked, answers = clusters(8, 5, 3, seed=3)
    found = ours.on(asked, np.zeros((8, 3)), answers)
    scaled = (ours.features - ours.features.mean(0)) / ours.features.std(0)
    of_asked = (asked - ours.features.mean(0)) / ours.features.std(0)
    whole = fit_softmax_head(scaled, ours.labels, 3, L2)
    strongest = int(np.abs(found[0]).argmax())
    others = np.arange(60) != strongest
    without = fit_softmax_head(scaled[others], ours.labels[others], 3, L2 * 60 / 59)
    change = without.losses(of_asked, answers) - whole.losses(of_asked, answers)
    assert np.corrcoef(change, found[:, strongest])[0, 1] > 0.95


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_it_does_not_depend_on_the_units_of_the_features(scale: float):
    ours = small()
    other = HeadInfluence(scale * ours.features + 7, ours.labels, ours.logits)
    np.testing.assert_allclose(other.own, ours.own, rtol=1e-2)


def test_a_feature_that_never_changes_does_no_harm():
    ours = small()
    constant = np.column_stack([ours.features, np.full(60, 3.0)])
    found = HeadInfluence(constant, ours.labels, ours.logits)
    np.testing.assert_allclose(found.own, ours.own, rtol=1e-3)


def test_tracin_is_positive_for_items_of_the_answer_and_negative_for_others():
    """The sign for a training item that is a copy of what is asked about."""
    ours = large()
    for row in range(6):
        for answer in range(3):
            (found,) = ours.on(ours.features[[row]], ours.logits[[row]], np.array([answer]))
            assert (found[row] > 0) == (answer == ours.labels[row])
    assert (ours.own >= 0).all()
    np.testing.assert_array_equal(ours.says, ours.logits.argmax(axis=1))
