"""Prediction sets: the same as MAPIE's, as plain loops', and as large as the promise takes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.answers import Answers
from finetrust.trust.accuracy.conformal.kept_scores import class_sets
from finetrust.trust.accuracy.conformal.quantile import coverage_interval, threshold
from finetrust.trust.accuracy.conformal.set_methods import (
    PENALTY,
    RankedClasses,
    aps,
    free_ranks,
    raps,
)
from finetrust.trust.accuracy.conformal.sets import COVERAGES, Sets, adaptive_scores, all_sets
from finetrust.trust.accuracy.probabilities import log_softmax

from ...worlds import calibrated_world, evidence_of, predictions_of, tables

CLASSES = 4
LOGITS, TARGETS = calibrated_world(300, CLASSES, seed=0)
OLD_LOGITS, OLD_TARGETS = calibrated_world(400, CLASSES, seed=1)
VALIDATION = predictions_of(OLD_LOGITS, OLD_TARGETS)


def sets_of(evidence: Evidence) -> dict[tuple[str, float], Sets]:
    return {(sets.method, sets.asked): sets for sets in all_sets(evidence)}


def mask(logits: np.ndarray, method: str, limit: float) -> np.ndarray:
    """Return the sets that predict would show as bool array (n, classes)."""
    found = np.zeros(logits.shape, bool)
    for row, held in zip(found, class_sets(logits, method, limit), strict=True):
        row[held] = True
    return found


def in_order(held: np.ndarray) -> np.ndarray:
    """Return numbers of most probable classes as sets: bool array (n, classes)."""
    order = np.argsort(-LOGITS, axis=1, kind="stable")
    found = np.zeros(LOGITS.shape, bool)
    np.put_along_axis(found, order, np.arange(CLASSES) < held[:, None], axis=1)
    return found


def mapie(method: Any, include_last_label: Any) -> tuple[np.ndarray, Any]:
    """Return MAPIE's sets (n, classes, coverages) and its score."""
    classification = pytest.importorskip("mapie.classification")
    from .given_probabilities import GivenProbabilities

    judged = classification.SplitConformalClassifier(
        GivenProbabilities(CLASSES),
        confidence_level=list(COVERAGES),
        prefit=True,
        conformity_score=method,
        random_state=7,
    )
    judged.conformalize(np.exp(log_softmax(OLD_LOGITS)), OLD_TARGETS)
    options = {} if method == "lac" else {"include_last_label": include_last_label}
    probabilities = np.exp(log_softmax(LOGITS))
    _, sets = judged.predict_set(probabilities, conformity_score_params=options)
    return sets, judged._mapie_classifier.conformity_score_function_


def test_least_ambiguous_sets_are_those_of_mapie() -> None:
    theirs, score = mapie("lac", None)
    ours = sets_of(evidence_of(LOGITS, TARGETS, validation=VALIDATION))
    for number, coverage in enumerate(COVERAGES):
        sets = ours["lac", coverage]
        limit = sets.facts["threshold"]
        assert 1 - np.exp(-limit) == pytest.approx(score.quantiles_[number])
        found = mask(LOGITS, "lac", limit)
        assert (found == theirs[:, :, number]).all()
        assert (found.sum(axis=1) == sets.size).all()
        assert (found[np.arange(len(TARGETS)), TARGETS] == sets.covered).all()


def test_randomised_adaptive_sets_are_those_of_mapie_with_the_same_randomness() -> None:
    theirs, score = mapie("aps", "randomized")
    from sklearn.utils import check_random_state

    old, new = (1 - check_random_state(7).uniform(size=(len(x), 1)) for x in (OLD_LOGITS, LOGITS))
    scores = adaptive_scores(VALIDATION, Answers.of(VALIDATION, {}), old)["aps", True]
    ranked = RankedClasses.of(log_softmax(LOGITS))
    for number, coverage in enumerate(COVERAGES):
        limit = threshold(scores, coverage)
        assert limit == pytest.approx(score.quantiles_[number])
        found = in_order((aps(ranked, new) <= limit).sum(axis=1))
        assert (found == theirs[:, :, number]).all()


def test_adaptive_sets_are_those_of_mapie_at_the_same_threshold() -> None:
    theirs, score = mapie("aps", True)
    for number in range(len(COVERAGES)):
        assert (mask(LOGITS, "aps", score.quantiles_[number]) == theirs[:, :, number]).all()


def test_regularised_sets_and_scores_are_those_of_mapie() -> None:
    """MAPIE takes the class that crosses the threshold of u = 1 too, as the paper's code does."""
    scores = pytest.importorskip("mapie.conformity_scores")
    free, penalty = np.array([free_ranks(CLASSES)]), np.array([PENALTY])
    old = np.exp(log_softmax(OLD_LOGITS))
    mass, rank = scores.APSConformityScore.get_true_label_cumsum_proba(
        OLD_TARGETS, old, np.arange(CLASSES)
    )
    theirs = scores.RAPSConformityScore._regularize_conformity_score(free, penalty, mass, rank)
    ours = adaptive_scores(VALIDATION, Answers.of(VALIDATION, {}), np.ones((400, 1)))
    np.testing.assert_allclose(ours["raps", True], theirs.ravel(), atol=1e-12)

    score = scores.RAPSConformityScore()
    score.k_star, score.lambda_star = free, penalty
    score.quantiles_ = np.array([threshold(ours["raps", True], 0.9)])
    new = log_softmax(LOGITS)
    sets = score.get_prediction_sets(
        np.exp(new)[:, :, None], None, np.array([0.1]), cv="prefit", include_last_label=True
    )
    held = (raps(RankedClasses.of(new), 1.0) < score.quantiles_).sum(axis=1) + 1
    assert (in_order(np.minimum(held, CLASSES)) == sets[:, :, 0]).all()


def score_by_loop(method: str, p: np.ndarray, c: int) -> float:
    """Return the score of class c without randomness, from the papers."""
    order = sorted(range(len(p)), key=lambda k: (-p[k], k))
    rank = order.index(c) + 1
    if method == "lac":
        return float(-np.log(p[c]))
    before = sum(p[k] for k in order[: rank - 1])
    return before + (PENALTY * max(0, rank - free_ranks(len(p))) if method == "raps" else 0)


@given(tables(largest=8), tables(min_items=10, largest=8), st.sampled_from(["lac", "aps", "raps"]))
def test_sets_are_those_of_plain_loops(new: tuple, old: tuple, method: str) -> None:
    classes = min(new[0].shape[1], old[0].shape[1])
    (logits, targets), (old_logits, old_targets) = (
        (x[:, :classes], t % classes) for x, t in (new, old)
    )
    p, old_p = np.exp(log_softmax(logits)), np.exp(log_softmax(old_logits))
    scores = [score_by_loop(method, row, t) for row, t in zip(old_p, old_targets, strict=True)]
    limit = sorted(scores)[int(np.ceil(0.9 * (len(scores) + 1) - 1e-9)) - 1]
    evidence = evidence_of(logits, targets, validation=predictions_of(old_logits, old_targets))
    found = sets_of(evidence)[method, 0.9]
    for i, row in enumerate(p):
        each = np.array([score_by_loop(method, row, c) for c in range(classes)])
        if (np.abs(each - limit) > 1e-9).all():
            assert found.size[i] == (each <= limit).sum()
            assert found.covered[i] == (each[targets[i]] <= limit)


@pytest.mark.parametrize("method", ["lac", "aps", "raps", "aps_randomised", "raps_randomised"])
def test_coverage_lies_in_its_interval_in_95_of_100_draws(method: str) -> None:
    """Fresh validation and test items of one world; without randomness ties make it higher."""
    rng = np.random.default_rng(5)
    logits, targets = calibrated_world(60_000, 5, seed=2)
    low, high = coverage_interval(100, 0.9, 200)
    covered = []
    for seed in range(150):
        rows = rng.choice(len(logits), 300, replace=False)
        old, new = rows[:100], rows[100:]
        evidence = evidence_of(
            logits[new],
            targets[new],
            validation=predictions_of(logits[old], targets[old]),
            seed=seed,
        )
        covered.append(sets_of(evidence)[method, 0.9].covered.mean())
    assert np.mean([low <= c <= high for c in covered]) >= 0.95 - 0.045
    assert 0.885 <= np.mean(covered) <= 0.92


def test_the_most_probable_class_is_in_every_adaptive_set() -> None:
    found = sets_of(evidence_of(LOGITS, TARGETS, validation=VALIDATION))
    for method in ("aps", "raps"):
        for coverage in COVERAGES:
            assert found[method, coverage].size.min() >= 1
    sure = evidence_of(9 * LOGITS, LOGITS.argmax(1), validation=VALIDATION)
    assert sets_of(sure)["aps", 0.9].size.min() == 1


def test_more_coverage_takes_no_smaller_sets() -> None:
    found = sets_of(evidence_of(LOGITS, TARGETS, validation=VALIDATION))
    for method in {name for name, _ in found}:
        if not method.endswith("by_class"):
            assert (found[method, 0.9].size <= found[method, 0.95].size).all()


def test_each_class_gets_its_own_threshold_and_one_with_few_items_that_of_all() -> None:
    """Class 3 is harder than the others: one threshold for all covers it too rarely."""
    rng = np.random.default_rng(0)

    def world(n: int) -> tuple[np.ndarray, np.ndarray]:
        targets = rng.integers(0, 4, n)
        sharpness = np.where(targets == 3, 0.3, 4.0)[:, None]
        return rng.normal(size=(n, 4)) + sharpness * np.eye(4)[targets], targets

    logits, targets = world(4000)
    validation = predictions_of(*world(4000))
    found = sets_of(evidence_of(logits, targets, validation=validation))
    hard = targets == 3
    assert found["lac", 0.9].covered[hard].mean() < 0.8
    assert found["lac_by_class", 0.9].covered[hard].mean() == pytest.approx(0.9, abs=0.03)
    assert found["lac_by_class", 0.9].facts == {"pooled": [], "takes": 9}

    kept = np.flatnonzero(validation["target"] != 2)
    few = validation.take(np.append(kept, np.flatnonzero(validation["target"] == 2)[:8]))
    names = ("a", "b", "c", "d")
    scarce = sets_of(evidence_of(logits, targets, validation=few, classes=names))
    assert scarce["lac_by_class", 0.9].facts["pooled"] == ["c"]
    losses = -log_softmax(few["logits"])[np.arange(len(few)), few["target"]]
    limits = [threshold(losses[few["target"] == c] if c != 2 else losses, 0.9) for c in range(4)]
    near = np.abs(-log_softmax(logits) - limits).min(axis=1) < 1e-9
    held = (-log_softmax(logits) <= limits).sum(axis=1)
    assert (scarce["lac_by_class", 0.9].size[~near] == held[~near]).all()


def test_each_subgroup_gets_its_own_threshold_where_it_is_known_of_validation_data() -> None:
    def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        logits, targets = calibrated_world(n, 4, seed)
        site = np.array(["north", "south"])[np.arange(n) % 2]
        overconfident = np.where(site == "south", 4.0, 1.0)[:, None]
        return overconfident * logits, targets, site

    logits, targets, site = world(4000, 0)
    old_logits, old_targets, old_site = world(4000, 1)
    validation = predictions_of(old_logits, old_targets).with_groups({"site": old_site})
    evidence = evidence_of(logits, targets, validation=validation, groups={"site": site})
    found = sets_of(evidence)
    for name in ("north", "south"):
        within = site == name
        assert abs(found["lac", 0.9].covered[within].mean() - 0.9) > 0.03
        own = found["lac_by_group.site", 0.9]
        assert own.covered[within].mean() == pytest.approx(0.9, abs=0.02)
    assert not any("lac_by_group" in method for method, _ in sets_of(
        evidence_of(logits, targets, validation=VALIDATION, groups={"site": site})
    ))  # fmt: skip


def test_an_item_without_an_answer_has_no_set_on_either_side() -> None:
    logits = np.where(np.arange(len(LOGITS))[:, None] % 10 == 0, np.nan, LOGITS)
    old = np.where(np.arange(400)[:, None] % 20 == 0, np.nan, OLD_LOGITS)
    validation = predictions_of(old, OLD_TARGETS)
    for sets in all_sets(evidence_of(logits, TARGETS, validation=validation)):
        assert not sets.covered[::10].any()
        assert not sets.answered[::10].any()
        assert sets.size[::10].max() == 0
    plain = sets_of(evidence_of(LOGITS, TARGETS, validation=validation))
    assert plain["lac", 0.9].covered.mean() > 0.9


def test_sets_do_not_depend_on_the_calibration() -> None:
    plain = sets_of(evidence_of(LOGITS, TARGETS, validation=VALIDATION))
    scaled = sets_of(
        evidence_of(LOGITS, TARGETS, validation=VALIDATION, calibration={"temperature": 3.0})
    )
    for key, sets in plain.items():
        assert (sets.size == scaled[key].size).all()
