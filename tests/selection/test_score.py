"""What every registered score promises; a new one is tested here without being named."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Absence
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import Score, score_all, scores

from .scores.worlds import WORLDS, evidence

NAMES = scores.names()
OF_CLASSES = [name for name in NAMES if not scores.get(name).numbers]
OF_FEATURES = [name for name in NAMES if scores.get(name).features]
OF_NUMBERS = [name for name in NAMES if scores.get(name).numbers]
OF_SOURCE = [name for name in NAMES if scores.get(name).source]
TURNED = {"parc": "compares the columns of an item with one another"}
"""Scores that a rotation of the features changes, and why."""


@pytest.fixture(scope="module")
def base():
    found = evidence(n=120, d=6, classes=3, apart=1.5)
    return Evidence(found.features.astype(np.float64), found.labels, found.source_logits)


@pytest.mark.parametrize("name", NAMES)
def test_has_a_finite_value_and_says_where_it_is_from(name, base):
    definition = scores.get(name)
    value = definition.of(base)
    assert isinstance(value, float)
    assert math.isfinite(value)
    assert definition.title
    assert "(20" in definition.paper


@pytest.mark.parametrize("name", NAMES)
def test_separable_classes_score_above_shuffled_labels(name, base):
    rng = np.random.default_rng(0)
    shuffled = [
        scores.get(name).of(
            Evidence(base.features, rng.permutation(base.labels), base.source_logits)
        )
        for _ in range(5)
    ]
    assert scores.get(name).of(base) > max(shuffled)


@pytest.mark.parametrize("name", NAMES)
def test_classes_further_apart_score_higher(name):
    near, middle, far = (evidence(n=120, d=6, classes=3, apart=a) for a in (0.0, 0.8, 1.6))
    found = [scores.get(name).of(world) for world in (near, middle, far)]
    assert found == sorted(found)
    assert found[0] < found[2]


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_items_does_not_matter(name, base):
    order = np.random.default_rng(0).permutation(len(base))
    assert scores.get(name).of(base.take(order)) == pytest.approx(scores.get(name).of(base))


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_of_the_classes_do_not_matter(name, base):
    named = Evidence(base.features, np.array([70, -5, 12])[base.labels], base.source_logits)
    assert scores.get(name).of(named) == pytest.approx(scores.get(name).of(base))


@pytest.mark.parametrize("name", [name for name in OF_FEATURES if name not in TURNED])
def test_a_rotation_of_the_features_does_not_matter(name, base):
    turned, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))
    rotated = Evidence(base.features @ turned, base.labels)
    assert scores.get(name).of(rotated) == pytest.approx(scores.get(name).of(base), abs=1e-9)


@pytest.mark.parametrize("name", [name for name in OF_FEATURES if name != "logme"])
def test_a_shift_of_the_features_does_not_matter(name, base):
    shifted = Evidence(base.features + 5, base.labels)
    assert scores.get(name).of(shifted) == pytest.approx(scores.get(name).of(base), abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_evidence_as_it_was(name):
    own = evidence()
    own = Evidence(
        own.features.astype(np.float64), own.labels, own.source_logits.astype(np.float64)
    )
    before = [own.features.copy(), own.labels.copy(), own.source_logits.copy()]
    scores.get(name).of(own)
    for now, then in zip((own.features, own.labels, own.source_logits), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_scores_do_not_hang_on_which_was_asked_first(base):
    together = score_all(base)
    for name in NAMES:
        assert scores.get(name).of(base.take(np.arange(len(base)))) == together[name]


@pytest.mark.parametrize("name", OF_FEATURES)
def test_a_memory_map_will_do(name, base, tmp_path):
    np.save(tmp_path / "features.npy", base.features)
    mapped = Evidence(np.load(tmp_path / "features.npy", mmap_mode="r"), base.labels)
    assert scores.get(name).of(mapped) == scores.get(name).of(base)


@pytest.mark.parametrize("name", OF_FEATURES)
def test_features_far_wider_than_the_items_need_no_square_of_them(name):
    wide = evidence(n=16, d=60_000, classes=2, apart=0.2)
    assert isinstance(scores.get(name).of(wide), float)


@pytest.mark.parametrize("name", OF_CLASSES)
def test_classes_are_needed_where_they_are(name, base):
    numbers = Evidence(base.features, None, base.source_logits, targets=base.features[:, :2])
    assert scores.get(name).of(numbers) == Absence("the answers are not classes", "")


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_numbers_that_can_be_predicted_score_above_those_that_cannot(name, base):
    rng = np.random.default_rng(0)
    exact = Evidence(
        base.features, None, targets=base.features[:, :2] + rng.normal(0, 0.1, (120, 2))
    )
    noise = Evidence(base.features, None, targets=rng.standard_normal((120, 2)))
    assert scores.get(name).of(exact) > scores.get(name).of(noise)


@pytest.mark.parametrize("name", OF_SOURCE)
def test_a_model_without_a_head_has_no_score_of_it(name, base):
    found = scores.get(name).of(Evidence(base.features, base.labels))
    assert found == Absence("the model has no head for the classes that it was pretrained on", "")


@pytest.mark.parametrize("name", NAMES)
def test_what_nothing_can_be_learnt_of_has_no_score_and_the_reason(name, base):
    def reason(features: np.ndarray, labels: np.ndarray) -> str:
        found = scores.get(name).of(Evidence(features, labels, np.ones((len(labels), 3))))
        assert isinstance(found, Absence)
        return found.reason

    assert reason(base.features, np.zeros(120, np.int64)) == "all items are of one class"
    assert reason(base.features, np.arange(120)) == "no class has two items"
    assert reason(base.features[:1], base.labels[:1]) == (
        "it needs two items or more, and there are 1"
    )


@pytest.mark.parametrize("name", OF_FEATURES)
def test_features_that_are_not_finite_or_all_alike_have_no_score(name, base):
    broken = base.features.copy()
    broken[3, 2], broken[3, 4], broken[8, 0] = np.nan, np.inf, -np.inf
    found = scores.get(name).of(Evidence(broken, base.labels))
    assert found == Absence("the features of 2 of 120 items are not finite", "")
    found = scores.get(name).of(Evidence(np.full((120, 4), 0.1, np.float32), base.labels))
    assert found == Absence("all items have the same features", "")


@pytest.mark.parametrize("name", OF_SOURCE)
def test_logits_that_are_not_finite_have_no_score(name, base):
    logits = base.source_logits.copy()
    logits[0, 0] = np.nan
    found = scores.get(name).of(Evidence(base.features, base.labels, logits))
    assert found == Absence("the logits of the model's own head are not finite", "")


@pytest.mark.parametrize("world", WORLDS)
def test_there_is_a_value_or_a_reason_on_degenerate_evidence(world):
    assert_values_or_reasons(WORLDS[world])


@settings(max_examples=60, deadline=None)
@given(
    features=hnp.arrays(
        np.float32, st.tuples(st.integers(1, 9), st.integers(1, 5)), elements=st.integers(-2, 2)
    ),
    scale=st.sampled_from([1e-30, 1e-3, 1.0, 1e3, 1e30]),
    data=st.data(),
)
def test_there_is_a_value_or_a_reason_on_any_evidence(features, scale, data):
    n = len(features)
    labels = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    logits = data.draw(hnp.arrays(np.float32, (n, 3), elements=st.integers(-300, 300)))
    assert_values_or_reasons(Evidence(features * np.float32(scale), labels, logits))
    targets = data.draw(hnp.arrays(np.float64, (n, 2), elements=st.integers(-2, 2)))
    assert_values_or_reasons(Evidence(features * np.float32(scale), None, None, targets))


def test_a_value_that_is_not_finite_is_an_absence(base):
    definition = Score("mine", "Mine", "nobody (2026)", lambda evidence: math.nan)
    assert definition.of(base) == Absence("the score is nan, not a finite number", "")


def test_a_score_may_say_itself_that_it_does_not_apply(base):
    def refuse(evidence: Evidence) -> float:
        raise NotApplicable("it is Saturday")

    assert Score("mine", "Mine", "nobody (2026)", refuse).of(base) == Absence("it is Saturday", "")


@pytest.mark.parametrize(
    "columns",
    [
        {"features": np.ones(3), "labels": np.arange(3)},
        {"features": np.ones((3, 2)), "labels": None},
        {"features": np.ones((3, 2)), "labels": np.arange(3), "targets": np.ones((3, 1))},
        {"features": np.ones((3, 2)), "labels": np.arange(4)},
        {"features": np.ones((3, 2)), "labels": np.arange(3), "source_logits": np.ones((2, 5))},
    ],
)
def test_columns_that_do_not_belong_together_are_refused(columns):
    with pytest.raises(ValueError, match=r"axes|either|of shape"):
        Evidence(**columns)


def assert_values_or_reasons(evidence: Evidence) -> None:
    for name, value in score_all(evidence).items():
        if isinstance(value, Absence):
            assert value.reason, name
            assert "not a finite number" not in value.reason, name
        else:
            assert math.isfinite(value), name
