"""Probe, near-OOD, data size, moved features and depth tell planted truths."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from finetrust.core.errors import NotApplicable
from finetrust.selection.data_size import AHEAD, data_size_curve, extrapolate
from finetrust.selection.depth import LayerPoint, summary
from finetrust.selection.moved import relative_distance, typical_distance
from finetrust.selection.near_ood import NEIGHBOUR, near_ood
from finetrust.selection.probe import probe


def blobs(n: int, classes: int, apart: float, d: int = 8, seed: int = 0) -> tuple:
    """Return normal features around a centre of each class, labels and groups."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = rng.normal(size=(classes, d)) * apart
    features = (centres[labels] + rng.normal(size=(n, d))).astype(np.float32)
    return features, labels.astype(np.int64), [str(i) for i in range(n)]


def test_the_probe_is_right_where_classes_lie_apart_and_guesses_where_they_do_not() -> None:
    far = probe(*blobs(300, 3, 20), 3, 0).accuracy()
    near = probe(*blobs(300, 3, 0), 3, 0).accuracy()
    assert far.value == 1
    assert far.low == pytest.approx(0.9874, abs=1e-4)
    assert near.low < 1 / 3 < near.high


def test_a_class_with_one_item_is_not_asked_about() -> None:
    features, labels, groups = blobs(41, 2, 20)
    labels[-1] = 2
    accuracy = probe(features, labels, groups, 3, 0).accuracy()
    assert (accuracy.n, accuracy.details["left_out"]) == (40, 1)
    with pytest.raises(NotApplicable, match="no class has two items"):
        probe(features[:3], np.arange(3), groups[:3], 3, 0)


def test_copies_do_not_help_the_probe() -> None:
    features, _, _ = blobs(200, 2, 0, d=200)
    labels = np.random.default_rng(1).integers(0, 2, 100)
    twice, names = np.concatenate([features[:100]] * 2), [str(i % 100) for i in range(200)]
    honest = probe(twice, np.tile(labels, 2), names, 2, 0).accuracy()
    fooled = probe(twice, np.tile(labels, 2), [str(i) for i in range(200)], 2, 0).accuracy()
    assert honest.low < 0.5 < honest.high
    assert fooled.value > 0.8


def test_the_calibration_error_is_that_after_temperature_scaling() -> None:
    features, labels, groups = blobs(400, 3, 0.5)
    probed = probe(features, labels, groups, 3, 0)
    sharp = replace(probed, log_p=5 * probed.log_p)
    plain, sharpened = probed.calibration_error(0), sharp.calibration_error(0)
    assert plain.low <= plain.value <= plain.high
    assert sharpened.value == pytest.approx(plain.value, abs=0.01)
    factor = sharpened.details["temperature"] / plain.details["temperature"]
    assert factor == pytest.approx(5, rel=0.01)


def test_unknown_classes_are_told_where_classes_lie_apart() -> None:
    far, near = near_ood(*blobs(300, 3, 20), 0), near_ood(*blobs(300, 3, 0), 0)
    assert far.value == 1
    assert near.value == pytest.approx(0.5, abs=0.1)
    assert near.low < near.value < near.high
    assert far.n == 300


def test_near_ood_is_about_the_plain_loop_over_random_crowds() -> None:
    features, labels, groups = blobs(90, 3, 0.7)
    centred = features.astype(np.float64) - features.mean(axis=0)
    apart = cdist(centred, centred, "cosine")
    rng, wins = np.random.default_rng(5), []
    for _ in range(20):
        known, unknown = [], []
        for i in range(90):
            others = np.delete(apart[i], i)
            strangers = apart[i][labels != labels[i]]
            crowd = rng.choice(others, len(strangers), replace=False)
            known.append(np.sort(crowd)[NEIGHBOUR - 1])
            unknown.append(np.sort(strangers)[NEIGHBOUR - 1])
        wins.append(np.mean(np.array(unknown)[:, None] > np.array(known)))
    found = near_ood(features, labels, groups, 0).value
    assert 0.55 < np.mean(wins) < 0.95
    assert abs(found - np.mean(wins)) < 4 * np.std(wins)


def test_near_ood_needs_two_classes_with_enough_items() -> None:
    features, labels, groups = blobs(40, 2, 1)
    with pytest.raises(NotApplicable, match="fewer than two classes"):
        near_ood(features, np.zeros_like(labels), groups, 0)
    with pytest.raises(NotApplicable, match="fewer than two classes"):
        near_ood(features[:6], labels[:6], groups[:6], 0)


def test_a_power_law_is_followed() -> None:
    sizes, n = [100, 300, 1000], 100_000
    error = [0.4 * (size / 100) ** -0.5 for size in sizes]
    right = np.stack([np.arange(n) >= round(e * n) for e in error], axis=1)
    found = extrapolate(sizes, right.astype(float), 0)
    expected = 1 - 0.4 * (AHEAD * 10) ** -0.5
    assert found.n_train == 3000
    assert found.accuracy == pytest.approx(expected, abs=1e-3)
    assert found.low < expected < found.high


def test_no_error_among_few_items_is_not_none_at_all() -> None:
    found = extrapolate([20, 60, 200], np.ones((50, 3)), 0)
    assert found.low < 0.99
    assert found.high <= 1


def test_a_curve_that_falls_is_not_followed_down() -> None:
    right = np.zeros((200, 3))
    right[:120, 0], right[:110, 1], right[:100, 2] = 1, 1, 1
    assert extrapolate([20, 60, 200], right, 0).accuracy >= 0.5


def test_more_labels_help_a_hard_probe_and_the_extrapolation_covers_what_comes() -> None:
    covered = 0
    for seed in range(6):
        features, labels, groups = blobs(1200, 4, 0.35, d=40, seed=seed)
        part = data_size_curve(features[:400], labels[:400], groups[:400], 4, 0)
        sizes = [point.n_train for point in part.measured]
        assert sizes == sorted(sizes)
        assert part.measured[0].accuracy < part.measured[-1].accuracy
        truth = probe(features, labels, groups, 4, 0).accuracy().value
        covered += part.extrapolated.low <= truth <= part.extrapolated.high
    assert covered >= 5


def test_too_few_items_have_no_curve() -> None:
    with pytest.raises(NotApplicable, match="50 are needed"):
        data_size_curve(*blobs(40, 2, 1), 2, 0)


def test_features_move_in_units_of_the_distance_between_items() -> None:
    features = np.random.default_rng(0).normal(size=(400, 50))
    apart = typical_distance(features, 0)
    assert apart == pytest.approx(cdist(features, features).sum() / (400 * 399), rel=0.01)
    assert (relative_distance(features, features, apart) == 0).all()
    other = relative_distance(features, np.roll(features, 1, axis=0), apart)
    assert other.mean() == pytest.approx(1, abs=0.05)
    with pytest.raises(NotApplicable):
        typical_distance(np.ones((5, 3)), 0)


def test_the_first_layer_that_is_about_as_good_as_the_best_is_where_to_cut() -> None:
    values = [0.5, 0.79, 0.8, 0.6]
    points = [LayerPoint(str(i), i + 1, v, v, v) for i, v in enumerate(values)]
    found = summary(points, 4, 400, 0.02)
    assert (found.best, found.cut, found.train_top) == ("2", "1", 2)
    sharp = summary(points, 4, 100_000, 0.001)
    assert (sharp.cut, sharp.train_top) == ("2", 1)
