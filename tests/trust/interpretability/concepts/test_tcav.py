import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.concepts.concept_vector import concept_vector
from finetrust.trust.interpretability.concepts.tcav import ConceptScore, tcav, towards

D = 40
STRIPES = np.eye(D)[0]


def world(seed, sets=12, size=30):
    """Random activations, sets of them, and stripes that move them along one direction."""
    rng = np.random.default_rng(seed)
    random_sets = [rng.normal(size=(size, D)) for _ in range(sets)]
    striped = rng.normal(size=(size, D)) + 3 * STRIPES
    return rng, random_sets, striped


def slopes(rng, direction, m=60, noise=0.5):
    """Gradients of items, by a model that rises along a direction and wavers otherwise."""
    return rng.normal(0, noise, (m, D)) + direction


def scored(concepts, random_sets, gradients) -> tuple[ConceptScore, ...]:
    """Return the scores for classes whose items have the given gradients."""
    ends = np.cumsum([0, *(len(of) for of in gradients.values())])
    items = {
        name: np.arange(start, stop)
        for name, start, stop in zip(gradients, ends[:-1], ends[1:], strict=True)
    }
    found = towards(concepts, random_sets, np.concatenate(list(gradients.values())))
    return tcav(found, items)


def test_a_planted_concept_is_found_and_a_random_one_is_not():
    rng, random_sets, striped = world(0)
    concepts = {"stripes": striped, "random": rng.normal(size=(30, D))}
    gradients = {
        "zebra": slopes(rng, STRIPES),
        "snow": slopes(rng, -STRIPES),
        "car": slopes(rng, 0 * STRIPES),
    }
    found = {(s.concept, s.target): s for s in scored(concepts, random_sets, gradients)}
    assert len(found) == 6
    assert found["stripes", "zebra"].value > 0.15
    assert found["stripes", "zebra"].rising > 0.9
    assert found["stripes", "snow"].value < -0.15
    assert found["stripes", "snow"].rising < 0.1
    significant = {key for key, score in found.items() if score.p_value < 0.05}
    assert significant == {("stripes", "zebra"), ("stripes", "snow")}
    score = found["stripes", "zebra"]
    assert (score.n, score.examples, score.random_sets) == (60, 30, 12)
    assert 0 < score.ci_low <= score.value <= score.ci_high <= 1
    assert found["random", "zebra"].ci_low < 0 < found["random", "zebra"].ci_high


def test_a_concept_is_found_where_all_gradients_of_a_class_are_the_same():
    """So it is behind the last nonlinearity; shares of rising items are near 0 or 1 for any set."""
    rng, random_sets, striped = world(0)
    gradients = {"zebra": np.tile(STRIPES + 0.5 * rng.normal(size=D) / np.sqrt(D), (9, 1))}
    concepts = {"stripes": striped, "random": rng.normal(size=(30, D))}
    stripes, random = scored(concepts, random_sets, gradients)
    assert stripes.p_value < 0.01
    assert random.p_value > 0.05


def test_the_value_is_the_mean_cosine_and_the_share_that_of_the_rising_items():
    rng, random_sets, striped = world(5, 5, 10)
    zebra = slopes(rng, 0.5 * STRIPES, 7)
    (score,) = scored({"stripes": striped}, random_sets, {"zebra": zebra})
    vectors = [concept_vector(striped[:10], some) for some in random_sets]
    cosines = [[g @ v / np.linalg.norm(g) for v in vectors] for g in zebra]
    assert score.value == pytest.approx(np.mean(cosines))
    assert score.rising == pytest.approx(np.mean(np.array(cosines) > 0))


def test_random_concepts_are_called_significant_no_more_often_than_promised():
    alarms = 0
    for seed in range(30):
        rng, random_sets, _ = world(seed, 6, 8)
        concept = {"random": rng.normal(size=(8, D))}
        (score,) = scored(concept, random_sets, {"class": slopes(rng, 2 * STRIPES, 40)})
        alarms += score.p_value < 0.05
    # More than 5 would come up once in 300 times. Were each run an observation, it would be 9 or more.
    assert alarms <= 5


def test_the_p_value_of_one_pair_is_that_of_a_new_observation_against_the_random_sets():
    rng, random_sets, striped = world(6, 8, 12)
    zebra = slopes(rng, 0.3 * STRIPES, 20)
    found = towards({"stripes": striped}, random_sets, zebra)
    (score,) = tcav(found, {"zebra": np.arange(20)})
    of_sets = found["stripes"].random.mean(axis=0)
    assert of_sets.mean() == pytest.approx(0, abs=1e-12)
    statistic = score.value / of_sets.std(ddof=1)
    assert score.p_value == pytest.approx(2 * stats.t(7).sf(abs(statistic)))


def test_p_values_are_adjusted_for_all_concepts_and_classes():
    rng, random_sets, striped = world(1, 6)
    zebra = slopes(rng, 0.3 * STRIPES)
    (alone,) = scored({"stripes": striped}, random_sets, {"zebra": zebra})
    many = scored({"stripes": striped}, random_sets, {"zebra": zebra, "again": zebra})
    assert [score.p_value for score in many] == pytest.approx([min(1, 2 * alone.p_value)] * 2)


def test_a_class_that_does_not_depend_on_the_layer_tells_nothing():
    _, random_sets, striped = world(2)
    (score,) = scored({"stripes": striped}, random_sets, {"class": np.zeros((5, D))})
    assert (score.value, score.ci_low, score.ci_high, score.p_value) == (0, -1, 1, 1)
    assert score.rising == 0.5


@settings(max_examples=4)
@given(st.integers(0, 10**6))
def test_the_opposite_gradient_has_the_opposite_score(seed):
    rng, random_sets, striped = world(seed, 5, 12)
    some = slopes(rng, 0.2 * STRIPES, 10)
    one, two = scored({"stripes": striped}, random_sets, {"one": some, "two": -some})
    assert one.value + two.value == pytest.approx(0)
    assert one.rising + two.rising == pytest.approx(1)
    assert one.p_value == pytest.approx(two.p_value)
    assert -1 <= one.ci_low <= one.value <= one.ci_high <= 1


def test_sets_are_cut_to_the_size_of_the_smallest():
    rng, random_sets, striped = world(3, 6)
    gradients = {"zebra": slopes(rng, STRIPES)}
    (long,) = scored({"stripes": striped}, [some[:20] for some in random_sets], gradients)
    (short,) = scored({"stripes": striped[:20]}, random_sets, gradients)
    assert long == short
    assert long.examples == 20


def test_too_few_sets_or_examples_have_no_significance():
    rng, random_sets, striped = world(4)
    zebra = slopes(rng, STRIPES)
    with pytest.raises(NotApplicable, match="4 random sets"):
        towards({"stripes": striped}, random_sets[:4], zebra)
    with pytest.raises(NotApplicable, match="stripes: the smallest set has 3 examples"):
        towards({"stripes": striped[:3]}, random_sets, zebra)
