"""Confident learning equals cleanlab, and knows what a model's own doubt announces."""

import numpy as np
import pytest
from cleanlab.count import (
    calibrate_confident_joint,
    compute_confident_joint,
    estimate_joint,
    get_confident_thresholds,
)
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from finetrust.trust.data.confident_learning import (
    NOT_CONFIDENT,
    class_thresholds,
    confident_classes,
    confident_joint,
    joint_distribution,
    noise_share,
    noise_share_if_right,
    normalised_margin,
    prune_by_noise_rate,
    self_confidence,
)

from ..worlds import tables
from .noisy_worlds import noisy_world

Table = tuple[np.ndarray, np.ndarray]


def world(n: int, classes: int, share: float, seed: int, sharpness: float = 4.2) -> Table:
    logits, labels, _ = noisy_world(n, classes, share, seed, sharpness)
    return softmax(logits, axis=1), labels


WORLDS = {
    "sharp": world(500, 4, 0.1, 0, 10),
    "in doubt": world(500, 5, 0.1, 1, 1),
    "two classes": world(300, 2, 0.2, 2),
    "many classes": world(2000, 30, 0.05, 3),
    "clean": world(400, 3, 0, 4, 10),
}


def plain_joint(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Equation 1 as it is printed, item by item."""
    n_classes = p.shape[1]
    joint = np.zeros((n_classes, n_classes), int)
    means = [p[labels == j, j].mean() if (labels == j).any() else np.inf for j in range(n_classes)]
    limits = [max(mean, 2e-6) - 1e-6 for mean in means]
    for row, label in zip(p, labels, strict=True):
        passing = [j for j in range(n_classes) if row[j] >= limits[j]]
        if passing:
            joint[label, max(passing, key=lambda j: (row[j], -j))] += 1
    return joint


@pytest.mark.parametrize("kind", WORLDS)
def test_thresholds_and_scores_equal_cleanlab(kind: str) -> None:
    p, labels = WORLDS[kind]
    np.testing.assert_allclose(class_thresholds(p, labels), get_confident_thresholds(labels, p))
    for ours, method in (
        (self_confidence(p, labels), "self_confidence"),
        # cleanlab moves the margin from [-1, 1] to [0, 1].
        ((normalised_margin(p, labels) + 1) / 2, "normalized_margin"),
    ):
        np.testing.assert_allclose(ours, get_label_quality_scores(labels, p, method=method))


@pytest.mark.parametrize("kind", WORLDS)
def test_the_joint_equals_cleanlab_where_the_most_probable_class_passes(kind: str) -> None:
    # Where it does not but two others do, cleanlab counts it all the same; the paper does not.
    p, labels = WORLDS[kind]
    thresholds = class_thresholds(p, labels)
    passing = p >= thresholds - 1e-6
    agreed = (passing.sum(axis=1) < 2) | passing[np.arange(len(p)), p.argmax(axis=1)]
    assert agreed.mean() > 0.9
    classes = confident_classes(p, thresholds)
    rows = agreed & (classes != NOT_CONFIDENT)
    ours = np.zeros((p.shape[1], p.shape[1]), int)
    np.add.at(ours, (labels[rows], classes[rows]), 1)
    theirs = compute_confident_joint(
        labels[agreed], p[agreed], thresholds=thresholds, calibrate=False
    )
    # cleanlab counts at least one right label of each class.
    np.testing.assert_array_equal(theirs, np.where(np.eye(len(ours)), np.maximum(ours, 1), ours))


@pytest.mark.parametrize("kind", WORLDS)
def test_the_joint_distribution_equals_cleanlab(kind: str) -> None:
    p, labels = WORLDS[kind]
    counted = confident_joint(p, labels)
    ours = joint_distribution(counted, np.bincount(labels, minlength=p.shape[1]))
    # cleanlab rounds it to whole items.
    theirs = estimate_joint(labels, p, confident_joint=counted)
    np.testing.assert_allclose(ours, theirs, atol=1.001 / len(p))


@pytest.mark.parametrize("kind", WORLDS)
def test_it_removes_the_labels_that_cleanlab_removes(kind: str) -> None:
    p, labels = WORLDS[kind]
    counted = confident_joint(p, labels)
    theirs = calibrate_confident_joint(counted, labels)
    found = find_label_issues(labels, p, confident_joint=theirs, n_jobs=1)
    ours = joint_distribution(counted, np.bincount(labels, minlength=p.shape[1])) * len(p)
    # Both round the counts; cleanlab moves some by one more, so that rows keep their sums.
    rounded_apart = np.abs(np.rint(ours) - theirs)[~np.eye(p.shape[1], dtype=bool)].sum()
    assert rounded_apart <= 0.05 * len(p)
    assert (prune_by_noise_rate(p, labels) != found).sum() <= rounded_apart


@given(tables())
def test_on_any_table_the_joint_is_that_of_the_paper(table: Table) -> None:
    logits, labels = table
    p = softmax(logits.astype(np.float64), axis=1)
    np.testing.assert_array_equal(confident_joint(p, labels), plain_joint(p, labels))


@given(tables(largest=2.0**100), st.randoms(use_true_random=False))
def test_on_any_table_shares_are_shares_and_order_means_nothing(table: Table, random) -> None:
    logits, labels = table
    p = softmax(logits.astype(np.float64), axis=1)
    order = np.array(random.sample(range(len(p)), len(p)))
    assert 0 <= noise_share(p, labels) <= 1
    assert 0 <= noise_share_if_right(p) <= 1
    assert noise_share(p[order], labels[order]) == pytest.approx(noise_share(p, labels), abs=1e-9)
    counts = np.bincount(labels, minlength=p.shape[1])
    joint = joint_distribution(confident_joint(p, labels), counts)
    assert joint.min() >= 0
    np.testing.assert_allclose(joint.sum(axis=1), counts / counts.sum())
    if p.shape[1] > 1:
        removed = prune_by_noise_rate(p, labels)
        assert not (removed & (p.argmax(axis=1) == labels)).any()


def test_a_class_without_labels_counts_nothing() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1]])
    labels = np.array([0, 0, 1])
    assert class_thresholds(p, labels)[2] == np.inf
    assert confident_joint(p, labels)[:, 2].sum() == 0


def test_a_class_that_the_model_holds_impossible_is_no_confident_answer() -> None:
    p = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.8, 0.2, 0.0]])
    joint = confident_joint(p, np.array([0, 0, 2]))
    assert joint[:, 2].sum() == 0


def test_it_counts_the_planted_share_when_the_model_is_all_but_sure() -> None:
    p, labels = world(3000, 10, 0.05, seed=7, sharpness=100)
    assert noise_share(p, labels) == pytest.approx(0.05, abs=0.01)
    assert noise_share_if_right(p) < 0.01


def test_a_model_in_doubt_announces_what_is_counted_among_right_labels() -> None:
    logits, labels, _ = noisy_world(20_000, 10, 0, seed=8)
    p = softmax(logits, axis=1)
    counted = noise_share(p, labels)
    assert counted > 0.05
    assert noise_share_if_right(p) == pytest.approx(counted, abs=0.01)
