import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.examples.concepts import concept_vector, tcav

D = 40
STRIPES = np.eye(D)[0]


def world(seed, sets=12, size=30):
    """Random activations, sets of them, and stripes that move them along one direction."""
    rng = np.random.default_rng(seed)
    random_sets = [rng.normal(size=(size, D)) for _ in range(sets)]
    striped = rng.normal(size=(size, D)) + 3 * STRIPES
    return rng, random_sets, striped


def slopes(rng, towards, m=60):
    """Gradients of items, by a model that rises along a direction and wavers otherwise."""
    return rng.normal(0, 0.5, (m, D)) + towards


def test_a_planted_concept_is_found_and_a_random_one_is_not():
    rng, random_sets, striped = world(0)
    concepts = {"stripes": striped, "random": rng.normal(size=(30, D))}
    gradients = {
        "zebra": slopes(rng, STRIPES),
        "snow": slopes(rng, -STRIPES),
        "car": slopes(rng, 0 * STRIPES),
    }
    found = {(s.concept, s.target): s for s in tcav(concepts, random_sets, gradients)}
    assert len(found) == 6
    assert found["stripes", "zebra"].value > 0.9
    assert found["stripes", "snow"].value < 0.1
    significant = {key for key, score in found.items() if score.p_value < 0.05}
    assert significant == {("stripes", "zebra"), ("stripes", "snow")}
    score = found["stripes", "zebra"]
    assert (score.n, score.examples, score.random_sets) == (60, 30, 12)
    assert 0.5 < score.ci_low <= score.value <= score.ci_high <= 1
    assert found["random", "zebra"].ci_low < 0.5 < found["random", "zebra"].ci_high


def test_random_concepts_are_called_significant_no_more_often_than_promised():
    alarms = 0
    for seed in range(30):
        rng, random_sets, _ = world(seed, 6, 8)
        concept = {"random": rng.normal(size=(8, D))}
        (score,) = tcav(concept, random_sets, {"class": slopes(rng, 2 * STRIPES, 40)})
        alarms += score.p_value < 0.05
    # More than 5 would come up once in 300 times. Were each run an observation, it would be 9 or more.
    assert alarms <= 5


def test_p_values_are_adjusted_for_all_concepts_and_classes():
    rng, random_sets, striped = world(1, 6)
    zebra = slopes(rng, 0.3 * STRIPES)
    (alone,) = tcav({"stripes": striped}, random_sets, {"zebra": zebra})
    many = tcav({"stripes": striped}, random_sets, {"zebra": zebra, "again": zebra})
    assert [score.p_value for score in many] == pytest.approx([min(1, 2 * alone.p_value)] * 2)


def test_a_class_that_does_not_depend_on_the_layer_tells_nothing():
    _, random_sets, striped = world(2)
    (score,) = tcav({"stripes": striped}, random_sets, {"class": np.zeros((5, D))})
    assert (score.value, score.ci_low, score.ci_high, score.p_value) == (0.5, 0, 1, 1)


@settings(max_examples=4)
@given(st.integers(0, 10**6))
def test_the_opposite_gradient_has_the_opposite_score(seed):
    rng, random_sets, striped = world(seed, 5, 12)
    some = slopes(rng, 0.2 * STRIPES, 10)
    one, two = tcav({"stripes": striped}, random_sets, {"one": some, "two": -some})
    assert one.value + two.value == pytest.approx(1)
    assert one.p_value == pytest.approx(two.p_value)
    assert 0 <= one.ci_low <= one.value <= one.ci_high <= 1


def test_sets_are_cut_to_the_size_of_the_smallest():
    rng, random_sets, striped = world(3, 6)
    gradients = {"zebra": slopes(rng, STRIPES)}
    (long,) = tcav({"stripes": striped}, [some[:20] for some in random_sets], gradients)
    (short,) = tcav({"stripes": striped[:20]}, random_sets, gradients)
    assert long == short
    assert long.examples == 20


def test_too_few_sets_or_examples_have_no_significance():
    rng, random_sets, striped = world(4)
    gradients = {"zebra": slopes(rng, STRIPES)}
    with pytest.raises(NotApplicable, match="4 random sets"):
        tcav({"stripes": striped}, random_sets[:4], gradients)
    with pytest.raises(NotApplicable, match="stripes: the smallest set has 3 examples"):
        tcav({"stripes": striped[:3]}, random_sets, gradients)


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
