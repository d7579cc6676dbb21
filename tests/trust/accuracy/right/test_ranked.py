"""Areas under the curves of one class, and what every item contributes to them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

from finetrust.trust.accuracy.right import ranked
from finetrust.trust.accuracy.right.ranked import Ranked, rank


@st.composite
def rankings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and which are positive: at least one of each."""
    n = draw(st.integers(2, 15))
    scores = draw(st.lists(st.integers(-6, 0) | st.floats(-9, 0), min_size=n, max_size=n))
    positive = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    positive[0], positive[-1] = True, False
    return np.array(scores, dtype=float), np.array(positive)


@given(rankings())
def test_the_areas_agree_with_scikit_learn(ranking: tuple) -> None:
    scores, positive = ranking
    found = rank(scores, positive)
    assert found.auroc == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    expected = average_precision_score(positive, scores)
    assert found.average_precision == pytest.approx(expected, abs=1e-12)


def test_the_areas_agree_with_torchmetrics() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.random(400), rng.random(400) < 0.3
    found = rank(scores, positive)
    given_scores, truth = torch.tensor(scores), torch.tensor(positive.astype(int))
    assert found.auroc == pytest.approx(float(binary_auroc(given_scores, truth)), abs=1e-6)
    expected = float(binary_average_precision(given_scores, truth))
    assert found.average_precision == pytest.approx(expected, abs=1e-6)


@given(rankings())
def test_influences_are_what_a_little_more_of_an_item_changes(ranking: tuple) -> None:
    scores, positive = ranking
    found = rank(scores, positive)
    assert found.auroc_influence.sum() == pytest.approx(0, abs=1e-12)
    assert found.precision_influence.sum() == pytest.approx(0, abs=1e-12)
    for item in range(min(4, len(scores))):
        weights = np.ones(len(scores))
        weights[item] += 1e-6
        for score, value, influence in (
            (roc_auc_score, found.auroc, found.auroc_influence),
            (average_precision_score, found.average_precision, found.precision_influence),
        ):
            change = (score(positive, scores, sample_weight=weights) - value) / 1e-6
            assert influence[item] == pytest.approx(change, abs=1e-4)


def test_the_variance_is_that_of_delong() -> None:
    """DeLong et al. 1988, eq. 5-6 by plain loops, but for n / (n - 1) in each sample."""
    rng = np.random.default_rng(3)
    scores, positive = rng.integers(0, 9, 40) * 1.0, rng.random(40) < 0.4
    found = rank(scores, positive)
    x, y = scores[positive], scores[~positive]
    psi = np.array([[(b < a) + 0.5 * (b == a) for b in y] for a in x])
    variance = psi.mean(axis=1).var() / len(x) + psi.mean(axis=0).var() / len(y)
    assert (found.auroc_influence**2).sum() == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize("sign", [-1, 0, 1])
def test_many_items_come_to_the_same(sign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(20_000) < 0.02
    scores = (np.exp(rng.normal(size=20_000) + sign * positive) * sign).astype(np.float32)
    if sign == 0:
        scores = (3 * rng.normal(size=20_000) + 2 * positive).astype(np.float32)
    exact = rank(scores, positive)
    monkeypatch.setattr(ranked, "MOST_RANKED_EXACTLY", 1000)
    found = rank(scores, positive)
    assert found.auroc == exact.auroc == pytest.approx(roc_auc_score(positive, scores))
    assert found.average_precision == exact.average_precision
    for name in ("auroc_influence", "precision_influence"):
        ours, theirs = getattr(found, name), getattr(exact, name)
        assert ours[positive] == pytest.approx(theirs[positive], rel=1e-12)
        assert (ours**2).sum() == pytest.approx((theirs**2).sum(), rel=2e-3)
        assert np.corrcoef(ours[~positive], theirs[~positive])[0, 1] > 0.9999


@given(rankings())
def test_curves_run_from_end_to_end_and_rise(ranking: tuple) -> None:
    found = rank(*ranking)
    assert found.roc[:, 0].tolist() == [0, 0]
    assert found.roc[:, -1].tolist() == [1, 1]
    assert (np.diff(found.roc) >= 0).all()
    assert np.trapezoid(found.roc[1], found.roc[0]) == pytest.approx(found.auroc)
    assert (np.diff(found.precision_recall[0]) > 0).all()
    assert found.precision_recall[0, -1] == 1


def test_long_curves_are_thinned_to_points_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(3000) < 0.5
    scores = rng.normal(size=3000) + positive
    found = rank(scores, positive, most_points=50)
    assert 40 < found.roc.shape[1] <= 50
    assert 40 < found.precision_recall.shape[1] <= 50
    whole = set(zip(*roc_curve(positive, scores, drop_intermediate=False)[:2], strict=True))
    assert set(zip(*found.roc.tolist(), strict=True)) <= whole
    assert np.trapezoid(found.roc[1], found.roc[0]) == pytest.approx(found.auroc, abs=2e-3)


def test_the_excess_of_average_precision_is_its_bias() -> None:
    rng = np.random.default_rng(0)

    def world(n: int) -> Ranked:
        positive = np.arange(n) % 10 == 0
        return rank(rng.normal(size=n) + positive, positive)

    truth = world(500_000).average_precision
    small = [world(50) for _ in range(300)]
    bias = np.mean([found.average_precision for found in small]) - truth
    assert bias > 0.05
    left = bias - np.mean([found.precision_excess for found in small])
    assert abs(left) < 0.3 * bias
