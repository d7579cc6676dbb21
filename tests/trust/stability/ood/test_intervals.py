"""AUROC, average precision and FPR95 of sets, their means, and what their intervals cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from finetrust.trust.accuracy.selective.delong import auroc_interval
from finetrust.trust.stability.ood.choice import placements
from finetrust.trust.stability.ood.measures.alarms import mean_share
from finetrust.trust.stability.ood.measures.aupr import average_precision, mean_aupr
from finetrust.trust.stability.ood.measures.auroc import mean_auroc
from finetrust.trust.stability.ood.measures.fpr95 import mean_fpr95

VALUES = hnp.arrays(
    np.float64, st.integers(2, 30), elements=st.integers(-3, 3).map(float) | st.just(np.inf)
)


def joined(familiar: np.ndarray, unusual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth = np.append(np.zeros(len(familiar)), np.ones(len(unusual)))
    return truth, np.nan_to_num(np.append(familiar, unusual), posinf=1e9)


@given(familiar=VALUES, unusual=VALUES)
def test_of_one_set_the_auroc_is_that_of_scikit_learn_and_the_interval_delongs(familiar, unusual):
    truth, score = joined(familiar, unusual)
    value, low, high = mean_auroc(familiar, [unusual])
    assert value == pytest.approx(roc_auc_score(truth, score))
    assert placements(unusual, familiar).mean() == pytest.approx(value)
    assert (value, low, high) == pytest.approx(auroc_interval(score, truth > 0))


@given(familiar=VALUES, unusual=VALUES)
def test_average_precision_is_that_of_scikit_learn_with_both_kinds_weighing_the_same(
    familiar, unusual
):
    truth, score = joined(familiar, unusual)
    weight = np.where(truth > 0, 1 / len(unusual), 1 / len(familiar))
    value, low, high = mean_aupr(familiar, [unusual], seed=0)
    assert value == pytest.approx(average_precision_score(truth, score, sample_weight=weight))
    assert 0 <= low <= value <= high <= 1


@given(seed=st.integers(0, 30))
def test_a_resample_has_the_average_precision_of_its_items_repeated(seed: int):
    rng = np.random.default_rng(seed)
    familiar, unusual = rng.integers(0, 6, 12).astype(float), rng.integers(2, 9, 7).astype(float)
    counts = [rng.multinomial(n, np.ones(n) / n)[None] for n in (12, 7)]
    (found,) = average_precision(familiar, unusual, *counts)
    again = [np.repeat(v, c[0]) for v, c in zip((familiar, unusual), counts, strict=True)]
    expected, _, _ = mean_aupr(again[0], [again[1]], seed=0)
    assert found == pytest.approx(expected)


@given(familiar=VALUES, unusual=VALUES)
def test_fpr95_is_the_share_below_the_threshold_that_keeps_95_percent(familiar, unusual):
    threshold = min(t for t in familiar if np.mean(familiar <= t) >= 0.95)
    value, low, high = mean_fpr95(familiar, [unusual], seed=0)
    assert value == pytest.approx(np.mean(unusual <= threshold))
    assert 0 <= low <= value <= high <= 1
    assert high > low


def test_a_mean_over_sets_is_the_mean_of_their_values():
    rng = np.random.default_rng(0)
    familiar, sets = rng.normal(size=80), [rng.normal(size=n) + n / 40 for n in (30, 60)]
    for mean in (
        lambda f, s: mean_auroc(f, s),
        lambda f, s: mean_aupr(f, s, 0),
        lambda f, s: mean_fpr95(f, s, 0),
    ):
        apart = [mean(familiar, [one])[0] for one in sets]
        assert mean(familiar, sets)[0] == pytest.approx(np.mean(apart))


def test_separated_kinds_leave_as_much_doubt_as_there_are_items():
    few, many = np.zeros(10), np.zeros(1000)
    for mean in (mean_auroc, lambda f, s: mean_aupr(f, s, 0)):
        assert mean(few, [few + 1])[0] == 1
        assert mean(few, [few + 1])[1] < 0.8
        assert mean(many, [many + 1])[1] > 0.99
    value, low, high = mean_fpr95(many, [few + 1], 0)
    assert (value, low) == (0, 0)
    assert 0.1 < high < 0.4


@pytest.mark.parametrize(("n", "m"), [(60, 40), (300, 150)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(n: int, m: int):
    """Two sets, N(1, 1) and N(2, 1), against N(0, 1): 200 draws of each."""
    rng = np.random.default_rng(1)
    shifts = (1.0, 2.0)
    auroc = np.mean([stats.norm.cdf(s / np.sqrt(2)) for s in shifts])
    fpr = np.mean([stats.norm.cdf(stats.norm.ppf(0.95) - s) for s in shifts])
    big = rng.normal(size=(3, 100_000))
    aupr = np.mean([mean_aupr_of(big[0], one + s) for one, s in zip(big[1:], shifts, strict=True)])
    covered = np.zeros(3)
    draws = 200
    for draw in range(draws):
        familiar, *sets = rng.normal(size=n), *(rng.normal(size=m) + s for s in shifts)
        for column, (truth, (_, low, high)) in enumerate(
            (
                (auroc, mean_auroc(familiar, sets)),
                (fpr, mean_fpr95(familiar, sets, draw)),
                (aupr, mean_aupr(familiar, sets, draw)),
            )
        ):
            covered[column] += low <= truth <= high
    assert ((covered / draws >= 0.91) & (covered / draws <= 0.99)).all(), covered / draws


def test_the_interval_of_a_mean_auroc_is_as_wide_as_the_mean_varies():
    """Of six small sets most of the doubt is theirs, and it is less than that of any one of them."""
    rng = np.random.default_rng(0)
    found = [
        mean_auroc(rng.normal(size=2000), [rng.normal(size=25) + 1 for _ in range(6)])
        for _ in range(300)
    ]
    values, low, high = np.array(found).T
    width = (high - low).mean() / (2 * stats.t.ppf(0.975, 24))
    assert width == pytest.approx(values.std(), rel=0.12)


def mean_aupr_of(familiar: np.ndarray, unusual: np.ndarray) -> float:
    truth, score = joined(familiar, unusual)
    return average_precision_score(truth, score)


def test_the_mean_of_shares_has_an_interval_with_width_even_where_all_are_marked():
    all_of = [np.ones(50, bool), np.ones(80, bool)]
    value, low, high = mean_share(all_of, seed=0)
    assert value == high == 1
    assert 0.94 < low < 0.99
    assert mean_share(all_of[:1], seed=0)[1] == pytest.approx(50 / (50 + 1.96**2), abs=1e-3)
