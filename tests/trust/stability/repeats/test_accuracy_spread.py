"""Spread of accuracy: planted variance components are found, with intervals that cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.repeats.accuracy_spread import accuracy_spread, spread_interval

from .worlds_of_repeats import ordered


def planted(k: int, sigmas: tuple[float, float, float], seed: int) -> dict[str, float]:
    """Return accuracies around 0.8 of a run and k repeats of each kind."""
    rng = np.random.default_rng(seed)
    draws = {kind: rng.normal(0, s, k + 1) for kind, s in zip(KINDS, sigmas, strict=True)}
    own = sum(of[0] for of in draws.values())
    again = {
        f"{kind}-{i}": 0.8 + own - of[0] + of[i]
        for kind, of in draws.items()
        for i in range(1, k + 1)
    }
    return {"run": 0.8 + own, **again}


KINDS = ("seed", "order", "bootstrap")


def test_each_source_has_the_spread_of_its_own_models() -> None:
    accuracies = {
        "run": 0.8, "seed-1": 0.82, "seed-2": 0.78, "order-1": 0.81, "order-2": 0.8,
        "bootstrap-1": 0.7, "bootstrap-2": 0.74, "drop-1": 0.79, "drop-2": 0.77,
    }  # fmt: skip
    found = {e.subset: e for e in accuracy_spread(ordered(accuracies))}
    variances = {
        "seed": np.var([0.8, 0.82, 0.78], ddof=1),
        "order": np.var([0.8, 0.81, 0.8], ddof=1),
        "data": np.var([0.7, 0.74], ddof=1),
    }
    for source, variance in variances.items():
        assert found[f"source={source}"].value == pytest.approx(np.sqrt(variance), abs=1e-3)
    assert found[""].value == pytest.approx(np.sqrt(sum(variances.values())), abs=1e-3)
    assert found["source=drop"].value == pytest.approx(np.std([0.79, 0.77], ddof=1), abs=1e-3)
    shares = found[""].details["shares"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["data"] == pytest.approx(variances["data"] / sum(variances.values()), abs=0.01)
    assert found[""].details["items"] == pytest.approx(np.sqrt(0.16 / 1000), rel=1e-3)


def test_models_of_equal_accuracy_have_no_spread_that_could_be_seen() -> None:
    (whole, *_) = accuracy_spread(ordered({"run": 0.8, "seed-1": 0.8, "seed-2": 0.8}, n=1000))
    assert (whole.value, whole.ci_low) == (0, 0)
    assert 0 < whole.ci_high < 0.005


def test_one_repeat_of_the_data_says_nothing() -> None:
    with pytest.raises(NotApplicable, match="no two models"):
        list(accuracy_spread(ordered({"run": 0.8, "bootstrap-1": 0.7})))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_of_one_source_the_interval_is_that_of_a_variance(values: list[float]) -> None:
    value, low, high = spread_interval([np.array(values)], 10**9)
    df, variance = len(values) - 1, np.var(values, ddof=1)
    assert value == pytest.approx(np.sqrt(variance))
    assert low == pytest.approx(np.sqrt(df * variance / chi2.ppf(0.975, df)), abs=1e-8)
    assert high == pytest.approx(np.sqrt(df * variance / chi2.ppf(0.025, df)), abs=1e-6)


@pytest.mark.parametrize(("k", "sigmas"), [(3, (0.01, 0.01, 0.01)), (5, (0.02, 0.0, 0.01))])
def test_the_interval_covers_the_planted_spread(k: int, sigmas: tuple[float, float, float]) -> None:
    true = float(np.sqrt(np.square(sigmas).sum()))
    covered = []
    for seed in range(100):
        (whole, *_) = accuracy_spread(ordered(planted(k, sigmas, seed), n=400))
        covered.append(whole.ci_low <= true <= whole.ci_high)
    assert np.mean(covered) >= 0.9


def test_many_repeats_find_the_planted_components() -> None:
    (whole, *_) = accuracy_spread(ordered(planted(150, (0.02, 0.01, 0.005), seed=0)))
    assert whole.value == pytest.approx(np.sqrt(0.000525), rel=0.12)
    shares = whole.details["shares"]
    assert shares["seed"] == pytest.approx(0.0004 / 0.000525, abs=0.1)
    assert shares["order"] == pytest.approx(0.0001 / 0.000525, abs=0.1)
