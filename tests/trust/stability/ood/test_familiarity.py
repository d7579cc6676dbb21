"""How familiar an input is: a promise about false alarms, and what is learned to keep it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.core.errors import NotApplicable
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.trust.stability.ood.choice import (
    UNCHOSEN,
    Separation,
    chosen_score,
    separations,
)
from finetrust.trust.stability.ood.familiarity import (
    familiarity,
    fewest_false_alarms,
    learn_familiarity,
)
from finetrust.trust.stability.ood.knowledge import Knowledge, by_content
from finetrust.trust.stability.ood.made import made
from finetrust.trust.stability.ood.passes import seen_of
from finetrust.trust.stability.ood.score import Head

from ...pixels import colour_network, dataset_of, red_and_blue_squares

VALUES = hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(-3, 3).map(float))


def squares(n: int, seed: int) -> Dataset:
    pixels, targets = red_and_blue_squares(n)
    noise = np.random.default_rng(seed).integers(0, 20, pixels.shape, dtype=np.uint8)
    dataset = dataset_of(np.clip(pixels, 0, 230) + noise, targets, ("red", "blue"))
    digests = tuple(f"{int(i * 7919 % 10007):05d}-{seed}" for i in range(n))
    return replace(dataset, digests=digests)


@given(unusual=VALUES, validation=VALUES)
def test_it_is_the_share_of_validation_items_at_least_as_unusual_the_input_among_them(
    unusual, validation
):
    expected = [(1 + (validation >= u).sum()) / (len(validation) + 1) for u in unusual]
    np.testing.assert_allclose(familiarity(unusual, validation), expected)


@pytest.mark.parametrize("promised", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("kind", ["smooth", "tied"])
def test_no_more_familiar_inputs_are_marked_than_promised_whatever_the_score(
    promised: float, kind: str
):
    """On average over 2,000 draws of 59 validation items; exact for a smooth score."""
    rng = np.random.default_rng(0)
    draws = rng.exponential(size=(2000, 60))
    if kind == "tied":
        draws = np.floor(4 * draws)
    marked = [familiarity(row[:1], row[1:])[0] <= promised for row in draws]
    assert np.mean(marked) <= promised + 0.015
    if kind == "smooth":
        assert np.mean(marked) >= promised - 0.015


def test_the_most_unusual_input_has_the_least_familiarity_that_there_is():
    assert familiarity(np.array([np.inf]), np.arange(19.0))[0] == fewest_false_alarms(19) == 0.05


def test_the_score_that_marks_most_copies_is_chosen_then_by_auroc_then_by_name():
    assert chosen_score({}) == UNCHOSEN == "energy"
    one = {"a": Separation(0.2, 0.9), "b": Separation(0.3, 0.6)}
    assert chosen_score(one) == "b"
    assert chosen_score({**one, "c": Separation(0.3, 0.7)}) == "c"
    assert chosen_score({"z": one["a"], "a": one["a"]}) == "a"


def test_a_score_that_takes_what_is_far_for_familiar_is_not_chosen():
    found = {"energy": Separation(0.1, 0.5), "relative_mahalanobis": Separation(0.9, 0.99)}
    assert chosen_score(found) == "energy"


def test_the_combined_score_stands_for_all_whatever_copies_say():
    found = {"knn": Separation(0.9, 0.99), "combined": Separation(0.1, 0.5)}
    assert chosen_score(found) == "combined"


def test_separation_is_the_mean_over_the_kinds_of_change():
    items = {"knn": np.arange(100.0)}
    copies = {"jigsaw": {"knn": np.full(10, 200.0)}, "blend": {"knn": np.full(10, 49.5)}}
    assert separations(items, copies)["knn"] == Separation(0.5, 0.75)
    assert separations(items, {}) == {}


def test_what_is_learned_marks_noise_and_not_what_is_known():
    inference = Inference(colour_network())
    learned = learn_familiarity(Knowledge(inference, squares(200, 0), squares(100, 1)))
    head = Head.of(inference)
    new = squares(300, 2)
    alarms = learned(seen_of(inference, new, 0, "new"), head) <= 0.05
    assert alarms.mean() < 0.12
    noise = learned(seen_of(inference, made("uniform_noise", new, 0), 0, "noise"), head) <= 0.05
    assert noise.mean() > 0.95
    assert learned.score in learned.separations
    assert learned.score == "combined"
    assert len(learned.validation) == 66


def test_what_is_learned_does_not_depend_on_the_order_of_the_items(
    monkeypatch: pytest.MonkeyPatch,
):
    # Of two features the nearest direction is so near that its distance is rounding.
    monkeypatch.setattr(
        "finetrust.trust.stability.ood.scores.combined.PARTS", ("mahalanobis", "msp")
    )
    inference = Inference(colour_network())
    training, validation = squares(60, 0), squares(40, 1)
    one = learn_familiarity(Knowledge(inference, training, validation))
    turned = learn_familiarity(
        Knowledge(
            inference, training.take(np.arange(60)[::-1]), validation.take(np.arange(40)[::-1])
        )
    )
    assert one.score == turned.score
    np.testing.assert_allclose(np.sort(one.validation), np.sort(turned.validation), rtol=1e-4)


def test_of_many_items_those_with_the_first_digests_are_taken(monkeypatch: pytest.MonkeyPatch):
    items = squares(50, 0)
    some = by_content(items, 10)
    assert sorted(some.digests) == sorted(items.digests)[:10]
    assert list(some.ids) == [i for i in items.ids if i in some.ids]
    monkeypatch.setattr("finetrust.trust.stability.ood.knowledge.MOST_FITTED", 7)
    knowledge = Knowledge(Inference(colour_network()), items, squares(30, 1), 0)
    assert knowledge.passes == 7 + 10


def test_without_training_items_one_half_of_the_validation_items_is_fitted_to():
    knowledge = Knowledge(Inference(colour_network()), None, squares(41, 1), 0)
    assert knowledge.fitted is not None
    assert knowledge.judged is not None
    assert len(knowledge.fitted) == 21
    assert len(knowledge.judged) == 20
    assert not set(knowledge.fitted.ids) & set(knowledge.judged.ids)
    assert "knn" in knowledge.validation
    assert "combined" not in knowledge.validation


def test_a_third_of_the_validation_items_puts_scores_in_proportion_where_the_rest_can_promise():
    inference = Inference(colour_network())
    knowledge = Knowledge(inference, squares(40, 0), squares(30, 1), 0)
    assert knowledge.weighing is not None
    assert knowledge.judged is not None
    assert (len(knowledge.weighing), len(knowledge.judged)) == (10, 20)
    assert not set(knowledge.weighing.ids) & set(knowledge.judged.ids)
    assert fewest_false_alarms(len(knowledge.judged)) <= 0.05
    few = Knowledge(inference, squares(40, 0), squares(29, 1), 0)
    assert (few.weighing, len(few.judged)) == (None, 29)
    assert "too few validation items" in few.detectors.absent["combined"]


def test_without_any_only_what_needs_no_fit_is_left():
    knowledge = Knowledge(Inference(colour_network()), None, None, 0)
    assert set(knowledge.detectors.states) == {"energy", "max_logit", "msp"}
    assert knowledge.choice_sets == {}
    with pytest.raises(NotApplicable, match="no validation data"):
        _ = knowledge.validation


def test_it_is_not_learned_without_validation_data_or_classes():
    inference = Inference(colour_network())
    with pytest.raises(NotApplicable, match="no validation data"):
        learn_familiarity(Knowledge(inference, squares(10, 0), None))
    numbers = replace(squares(10, 1), targets=np.linspace(0, 1, 10))
    with pytest.raises(NotApplicable, match="not one class"):
        learn_familiarity(Knowledge(inference, squares(10, 0), numbers))


def test_settings_tell_other_items_and_other_labels_apart():
    inference = Inference(colour_network())
    training, validation = squares(20, 0), squares(20, 1)
    facts = Knowledge(inference, training, validation).facts
    assert facts == Knowledge(inference, training, validation).facts
    relabelled = replace(training, targets=1 - training.targets)
    for other in (
        Knowledge(inference, relabelled, validation),
        Knowledge(inference, training.take(np.arange(19)), validation),
        Knowledge(inference, training, validation.take(np.arange(19))),
        Knowledge(inference, None, validation),
    ):
        assert other.facts != facts
