"""The probe of numbers and tags: as scikit-learn computes it, and planted truths."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from finetrust.core.errors import NotApplicable
from finetrust.selection.column_judge import ColumnJudge, explained_variance
from finetrust.selection.paired import paired_gap
from finetrust.selection.ridge import fit_ridge, out_of_fold_numbers
from finetrust.selection.scores.linear_probe import PENALTIES


def columns(n: int, d: int, noise: float, t: int = 2, seed: int = 0) -> tuple:
    """Return normal features, and columns that they determine up to noise."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, d)).astype(np.float32)
    return features, features @ rng.normal(size=(d, t)) + noise * rng.normal(size=(n, t))


def judge(features: np.ndarray, targets: np.ndarray, names: tuple = ()) -> ColumnJudge:
    n = len(features)
    return ColumnJudge(features, targets, [str(i) for i in range(n)], np.arange(n), names, 0)


@pytest.mark.parametrize(("n", "d"), [(60, 5), (30, 50), (20, 20)])
def test_the_fit_is_that_of_scikit_learn_with_the_same_penalties(n: int, d: int) -> None:
    features, targets = columns(n, d, 0.7)
    weights, intercept = fit_ridge(features, targets)
    centred = features - features.mean(axis=0, dtype=np.float64)
    largest = np.linalg.svd(centred, compute_uv=False)[0] ** 2
    theirs = RidgeCV(alphas=PENALTIES * largest).fit(features.astype(np.float64), targets)
    np.testing.assert_allclose(weights.T, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(intercept, theirs.intercept_, atol=1e-6)


def test_the_explained_variance_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    targets, predicted = rng.normal(size=(2, 80, 3))
    predicted += 2 * targets
    found = explained_variance(targets, predicted, "abc", 0)
    assert found.value == pytest.approx(r2_score(targets, predicted))
    each = r2_score(targets, predicted, multioutput="raw_values")
    assert list(found.details["columns"].values()) == pytest.approx(each)
    assert found.low < found.value < found.high


def test_nobody_is_asked_about_what_it_was_fitted_to() -> None:
    features, targets = columns(40, 5, 0.1)
    folds = np.arange(40) % 5
    before = out_of_fold_numbers(features, targets, folds)
    targets[0] += 100
    after = out_of_fold_numbers(features, targets, folds)
    np.testing.assert_array_equal(before[folds == 0], after[folds == 0])


def test_what_features_determine_is_found_and_what_they_do_not_is_not() -> None:
    features, targets = columns(300, 6, 0.1)
    assert judge(features, targets).accuracy().low > 0.95
    noise = np.random.default_rng(1).normal(size=(300, 1))
    assert judge(features, noise).accuracy().low < 0 < judge(features, targets).accuracy().value


def test_the_interval_covers_the_share_of_a_large_sample() -> None:
    covered = 0
    for seed in range(60):
        features, targets = columns(200, 2, 1.0, t=1, seed=seed)
        truth = np.random.default_rng(seed)
        truth.normal(size=(200, 2))
        weights = truth.normal(size=(2, 1))
        explained = float((weights**2).sum() / (1 + (weights**2).sum()))
        found = judge(features, targets).accuracy()
        covered += found.low <= explained <= found.high
    assert covered >= 50


def test_two_probes_of_numbers_are_compared_by_their_intervals() -> None:
    features, targets = columns(300, 6, 0.1)
    good = judge(features, targets).accuracy().to_dict()
    noisy = features + np.random.default_rng(3).normal(size=features.shape).astype(np.float32)
    poor = judge(noisy, targets).accuracy().to_dict()
    gap, low, high = paired_gap(poor, good)
    assert gap == pytest.approx(poor["value"] - good["value"])
    assert low < gap < high < 0


def test_copies_do_not_help() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 100)).astype(np.float32)
    targets = rng.normal(size=(60, 1))
    twice = ColumnJudge(
        np.tile(features, (2, 1)), np.tile(targets, (2, 1)), [str(i % 60) for i in range(120)],
        np.arange(120) % 60, (), 0,
    )  # fmt: skip
    honest = twice.accuracy().value
    fooled = replace(twice, groups=[str(i) for i in range(120)], strata=np.zeros(120, int))
    assert honest < 0
    assert fooled.accuracy().value > honest + 0.5


def test_a_column_that_does_not_vary_is_left_out_and_what_has_no_meaning_says_why() -> None:
    features, targets = columns(50, 4, 0.1)
    targets[:, 1] = 3.0
    one = judge(features, targets, ("a", "b"))
    assert list(one.accuracy().details["columns"]) == ["a"]
    for method in (one.calibration_error, one.near_ood, one.data_size):
        with pytest.raises(NotApplicable, match=r"answers? "):
            method()
    with pytest.raises(NotApplicable, match="the same answers"):
        judge(features, np.ones((50, 1))).accuracy()
