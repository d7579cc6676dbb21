"""The ensemble of scores: ranks, weights, and planted tables whose best weights are known."""

import numpy as np
import pytest

from finetrust.selection.ensemble import (
    Outcome,
    calibrate,
    default_weights,
    ensemble,
    equal_weights,
    held_out_taus,
    standings,
)
from finetrust.selection.kendall import weighted_tau
from finetrust.selection.order import PROBES
from finetrust.selection.score import scores

NAMES = ["good", "fair", "noise"]


def planted(sets: int, candidates: int = 12, seed: int = 0) -> list[Outcome]:
    """Return data sets on which one score is nearly the truth, one half of it, and one nothing."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for _ in range(sets):
        truth = rng.standard_normal(candidates)
        columns = {
            "good": np.exp(3 * (truth + 0.2 * rng.standard_normal(candidates))),
            "fair": truth + 1.5 * rng.standard_normal(candidates),
            "noise": 1e6 * rng.standard_normal(candidates),
        }
        named = [f"model {i}" for i in range(candidates)]
        values = {
            name: {score: float(column[i]) for score, column in columns.items()}
            for i, name in enumerate(named)
        }
        outcomes.append(Outcome(values, dict(zip(named, truth.tolist(), strict=True))))
    return outcomes


def test_is_the_weighted_mean_of_standings():
    values = {"a": {"x": 1.0, "y": 30.0}, "b": {"x": 2.0, "y": 10.0}, "c": {"x": 9.0, "y": 20.0}}
    found = ensemble(values, {"x": 3.0, "y": 1.0})
    assert found == pytest.approx({"a": (-3 + 1) / 4, "b": (0 - 1) / 4, "c": (3 + 0) / 4})


def test_ties_stand_in_the_middle():
    values = {"a": {"x": 1.0}, "b": {"x": 1.0}, "c": {"x": 0.0}}
    np.testing.assert_allclose(standings(values, ["x"]), [[0.5], [0.5], [-1]])


def test_only_the_order_of_a_score_counts():
    values = planted(1)[0].values
    bent = {
        name: {s: v**3 if s == "fair" else v for s, v in own.items()}
        for name, own in values.items()
    }
    assert ensemble(values, equal_weights(NAMES)) == ensemble(bent, equal_weights(NAMES))


def test_a_score_that_a_candidate_lacks_takes_no_part_in_its_mean():
    values = {"a": {"x": 2.0, "y": 1.0}, "b": {"x": 1.0}, "c": {"y": 2.0}, "d": {}}
    found = ensemble(values, {"x": 1.0, "y": 1.0})
    assert found == {"a": 0, "b": -1, "c": 1}


def test_scores_without_a_weight_take_no_part():
    values = {"a": {"x": 1.0, "z": 9.0}, "b": {"x": 2.0, "z": 1.0}, "c": {"z": 5.0}}
    assert ensemble(values, {"x": 1.0, "z": 0.0}) == {"a": -1, "b": 1}


def test_one_candidate_stands_in_the_middle():
    assert ensemble({"a": {"x": 5.0}}, {"x": 1.0}) == {"a": 0}


def test_calibration_finds_the_score_that_knows():
    weights = calibrate(planted(8), NAMES)
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    assert weights["good"] > weights["fair"] > weights["noise"]
    assert weights["good"] > 0.6


def test_a_calibrated_ensemble_orders_new_data_sets_better_than_equal_weights():
    weights, equal = calibrate(planted(8), NAMES), equal_weights(NAMES)

    def tau(outcome: Outcome, by: dict[str, float]) -> float:
        found = ensemble(outcome.values, by)
        return weighted_tau(
            np.array(list(found.values())), np.array([outcome.accuracy[name] for name in found])
        )

    new = planted(40, seed=1)
    gains = np.array([tau(outcome, weights) - tau(outcome, equal) for outcome in new])
    assert gains.mean() > 3 * gains.std(ddof=1) / np.sqrt(len(gains))


def test_where_no_score_knows_anything_weights_stay_equal():
    rng = np.random.default_rng(0)
    outcomes = []
    for outcome in planted(6, candidates=8):
        names = list(outcome.values)
        truth = dict(zip(names, rng.standard_normal(8).tolist(), strict=True))
        outcomes.append(Outcome(outcome.values, truth))
    assert calibrate(outcomes, NAMES) == pytest.approx(equal_weights(NAMES), abs=0.1)


def test_two_data_sets_are_too_few_to_leave_equal_weights():
    assert calibrate(planted(2), NAMES) == pytest.approx(equal_weights(NAMES))


def test_the_default_weights_are_of_known_scores_and_sum_to_1():
    weights = default_weights()
    assert set(weights) == {*scores.names(), *PROBES}
    assert min(weights.values()) >= 0
    assert sum(weights.values()) == pytest.approx(1)


def test_taus_on_data_sets_left_out_do_not_know_them():
    outcomes = planted(5)
    taus = held_out_taus(outcomes, NAMES)
    first = calibrate(outcomes[1:], NAMES)
    found = ensemble(outcomes[0].values, first)
    truth = [outcomes[0].accuracy[name] for name in found]
    assert taus[0] == weighted_tau(np.array(list(found.values())), np.array(truth))
    assert len(taus) == 5
