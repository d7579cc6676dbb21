"""Pairwise agreement: counted by hand, and against a plain loop."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Absence
from finetrust.trust.stability.repeats.prediction_agreement import agreement, prediction_agreement

from .worlds_of_repeats import flipped, repeats_world


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 10))
def test_it_is_the_mean_over_all_pairs(seed: int, models: int, n: int) -> None:
    decisions = np.random.default_rng(seed).integers(-1, 3, (models, n))
    pairs = [decisions[a] == decisions[b] for a, b in combinations(range(models), 2)]
    np.testing.assert_allclose(agreement(decisions), np.mean(pairs, axis=0))


def test_independent_flips_agree_as_often_as_they_must() -> None:
    # Two independent flips of 10 % agree in 0.9 * 0.9 + 0.1 * 0.1 of the items.
    decisions = np.stack(list(flipped(50_000, 4, 0.1, seed=0).values()))
    assert agreement(decisions).mean() == pytest.approx(0.82, abs=0.005)


def test_bootstraps_are_paired_among_themselves_and_seeds_with_the_run() -> None:
    run, other = [0, 0, 0, 0], [1, 1, 0, 0]
    evidence = repeats_world(run, {"seed-1": other, "bootstrap-1": other, "bootstrap-2": other})
    found = {e.subset: e for e in prediction_agreement(evidence)}
    assert found["repeat=seed"].value == 0.5
    assert found["repeat=bootstrap"].value == 1
    assert found[""].value == 0.75


def test_one_bootstrap_has_nobody_to_agree_with() -> None:
    alone = repeats_world([0, 1], {"bootstrap-1": [0, 1]})
    with pytest.raises(NotApplicable, match="no two models"):
        list(prediction_agreement(alone))
    found = list(prediction_agreement(repeats_world([0, 1], {"seed-1": [0, 1], "drop-1": [0, 1]})))
    assert [type(part) for part in found][2] is Absence


def test_the_interval_covers() -> None:
    covered = []
    for seed in range(100):
        repeats = {
            name.replace("seed", "bootstrap"): of for name, of in flipped(300, 4, 0.1, seed).items()
        }
        (whole, *_) = prediction_agreement(repeats_world(np.zeros(300, int), repeats))
        covered.append(whole.ci_low <= 0.82 <= whole.ci_high)
    assert np.mean(covered) >= 0.9
