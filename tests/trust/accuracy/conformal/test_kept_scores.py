"""What is kept in the model folder gives the same sets as all validation scores."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.trust.accuracy.conformal.kept_scores import fit_sets, kept_of, threshold_kept
from finetrust.trust.accuracy.conformal.quantile import highest_coverage, threshold

from ...worlds import calibrated_world, predictions_of


@given(st.integers(1, 300), st.integers(50, 99), st.integers(0, 50))
def test_whole_percents_are_exact_and_never_rounded_down(n: int, percent: int, seed: int) -> None:
    scores = np.random.default_rng(seed).exponential(size=n) ** 4
    coverage = percent / 100
    kept = json.loads(json.dumps(kept_of(scores)))
    if coverage > highest_coverage(n) + 1e-12:
        with pytest.raises(UserError):
            threshold_kept(kept, coverage)
        return
    exact = threshold(scores, coverage)
    assert exact <= threshold_kept(kept, coverage) <= exact * (1 + 1e-6)


def test_ten_thousand_items_are_kept_in_a_few_kilobytes_and_close_to_any_coverage() -> None:
    scores = np.random.default_rng(0).exponential(size=10_000)
    kept = kept_of(scores)
    assert len(json.dumps(kept)) < 8000
    for coverage in (0.9, 0.9123, 0.975, 0.9987, 0.9999):
        covered = (scores <= threshold_kept(kept, coverage)).mean()
        assert coverage <= covered + 1e-3
        assert 1 - covered >= 0.9 * (1 - coverage) - 2e-4


def test_what_cannot_be_given_says_what_can() -> None:
    kept = kept_of(np.arange(1.0, 100))
    assert threshold_kept(kept, 0.99) == 99
    with pytest.raises(
        UserError, match=r"more than the 99 validation items.*Choose at most 0.99\."
    ):
        threshold_kept(kept, 0.995)
    with pytest.raises(UserError, match=r"below 0\.5"):
        threshold_kept(kept, 0.3)
    with pytest.raises(UserError, match="0 validation items, too few"):
        threshold_kept(kept_of(np.array([])), 0.9)


def test_items_without_an_answer_lower_what_can_be_given() -> None:
    scores = np.append(np.arange(1.0, 90), [np.inf] * 10)
    kept = json.loads(json.dumps(kept_of(scores), allow_nan=False))
    assert threshold_kept(kept, 0.89) == 89
    with pytest.raises(UserError, match=r"Choose at most 0.89\."):
        threshold_kept(kept, 0.9)


def test_every_method_is_fitted_and_nothing_where_there_is_no_answer() -> None:
    fitted = fit_sets(predictions_of(*calibrated_world(200, 3, seed=0)))["conformal"]
    assert set(fitted) == {"lac", "aps", "raps"}
    assert fit_sets(predictions_of(np.full((5, 3), np.nan), np.zeros(5))) == {}
