"""Scores of how unusual an input is: as published, on Gaussians with a known answer, and at the edges."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from torch import nn

from finetrust.core.errors import NotApplicable
from finetrust.models.inference import Inference
from finetrust.trust.stability.ood.detectors import fit_detectors
from finetrust.trust.stability.ood.score import Head, Seen, scores, unusualness
from finetrust.trust.stability.ood.scores import knn, vim

from ...pixels import colour_network

NAMES = ("energy", "knn", "mahalanobis", "max_logit", "msp", "react", "relative_mahalanobis", "vim")


def world(n: int = 4000, d: int = 6, k: int = 3, seed: int = 0) -> tuple[Seen, np.ndarray, Head]:
    """Known items of k Gaussian classes with a common covariance, under a linear head."""
    rng = np.random.default_rng(seed)
    means, mixing = 2 * rng.normal(size=(k, d)), rng.normal(size=(d, d)) / 2 + np.eye(d)
    classes = rng.integers(k, size=n)
    features = means[classes] + rng.normal(size=(n, d)) @ mixing
    head = Head.linear(means.copy(), rng.normal(size=k) + 5)
    return Seen(features.astype(np.float32), head.logits(features)), classes, head


def asked(head: Head, n: int = 300, d: int = 6, seed: int = 9) -> Seen:
    features = 3 * np.random.default_rng(seed).normal(size=(n, d))
    return Seen(features.astype(np.float32), head.logits(features))


def fitted(name: str, known: Seen, classes: np.ndarray, head: Head) -> dict:
    fit = scores.get(name).fit
    return {} if fit is None else dict(fit(known, classes, head))


def test_every_score_is_registered():
    assert sorted(scores.names()) == sorted([*NAMES, "combined"])


@pytest.mark.parametrize("name", NAMES)
def test_it_is_as_pytorch_ood_has_it(name: str):
    pytest.importorskip("pytorch_ood")
    from pytorch_ood import detector as theirs

    known, classes, head = world()
    seen = asked(head)
    weight, bias = torch.tensor(head.weight), torch.tensor(head.bias)
    features, logits = torch.tensor(known.features), torch.tensor(seen.logits)
    fits = {
        "msp": lambda: theirs.MaxSoftmax.score,
        "max_logit": lambda: theirs.MaxLogit.score,
        "energy": lambda: theirs.EnergyBased.score,
        "mahalanobis": lambda: theirs.Mahalanobis(None),
        "relative_mahalanobis": lambda: theirs.RMD(None),
        "knn": lambda: theirs.KNN(None, k=4),
        "vim": lambda: theirs.ViM(None, d=3, w=weight, b=bias),
        "react": lambda: theirs.ReAct(None, lambda f: f.double() @ weight.T + bias),
    }
    reference = fits[name]()
    if name == "react":
        reference.fit_feature_maps(features, torch.tensor(classes))
        expected = reference.predict_feature_maps(torch.tensor(seen.features))
    elif name in ("msp", "max_logit", "energy"):
        expected = reference(logits)
    else:
        reference.fit_features(features, torch.tensor(classes))
        expected = reference.predict_features(torch.tensor(seen.features))
    found = unusualness(name, fitted(name, known, classes, head), seen, head)
    if name == "msp":
        found = -np.exp(-found)
    if "mahalanobis" in name:
        # Theirs is not divided by the number of items, and does not shrink the covariance.
        assert np.corrcoef(found, expected)[0, 1] > 0.9999
        assert stats.spearmanr(found, expected)[0] > 0.999
    else:
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_mahalanobis_is_the_distance_in_terms_of_the_shrunk_covariance():
    from sklearn.covariance import ledoit_wolf

    known, classes, head = world(n=40, d=30)
    seen = asked(head, n=20, d=30)
    centred = np.concatenate(
        [known.features[classes == c] - known.features[classes == c].mean(0) for c in range(3)]
    ).astype(float)
    inverse = np.linalg.inv(ledoit_wolf(centred, assume_centered=True)[0])
    expected = [
        min(
            (x - known.features[classes == c].mean(0))
            @ inverse
            @ (x - known.features[classes == c].mean(0))
            for c in range(3)
        )
        for x in seen.features.astype(float)
    ]
    found = unusualness("mahalanobis", fitted("mahalanobis", known, classes, head), seen, head)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def chance(familiar: np.ndarray, unusual: np.ndarray) -> float:
    truth = np.append(np.zeros(len(familiar)), np.ones(len(unusual)))
    return float(roc_auc_score(truth, np.append(familiar, unusual)))


def drawn(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=n), rng.normal(size=n)


def test_of_two_gaussians_the_logit_scores_have_the_auroc_of_the_binormal_curve():
    """Logits (z, 0) with z from N(9, 1) and N(7, 1): the AUROC is Phi(2 / sqrt(2))."""
    expected = stats.norm.cdf(2 / np.sqrt(2))
    one, other = drawn()
    head = Head.linear(np.array([[1.0], [0.0]]), np.zeros(2))
    familiar, unusual = (Seen(z[:, None], head.logits(z[:, None])) for z in (one + 9, other + 7))
    known = Seen(np.full((50, 1), 100.0), head.logits(np.full((50, 1), 100.0)))
    for name in ("msp", "max_logit", "energy", "react"):
        state = fitted(name, known, np.zeros(50, int), head)
        scored = [unusualness(name, state, seen, head) for seen in (familiar, unusual)]
        assert chance(*scored) == pytest.approx(expected, abs=0.01)


def test_of_two_gaussians_mahalanobis_has_the_auroc_of_two_chi_squares():
    """N(0, I) of 5 dimensions against N(m, I): chi-square against noncentral chi-square."""
    d, shift = 5, 2.0
    grid = np.linspace(0, 150, 300_001)
    expected = np.trapezoid(stats.chi2.cdf(grid, d) * stats.ncx2.pdf(grid, d, d * shift**2), grid)
    rng = np.random.default_rng(0)
    familiar, unusual = rng.normal(size=(2, 5000, d))
    known = rng.normal(size=(50_000, d))
    seen = [Seen(f, np.zeros((len(f), 2))) for f in (known, familiar, unusual + shift)]
    head = Head(lambda features: np.zeros((len(features), 2)))
    state = fitted("mahalanobis", seen[0], np.zeros(len(known), int), head)
    scored = [unusualness("mahalanobis", state, one, head) for one in seen[1:]]
    assert chance(*scored) == pytest.approx(expected, abs=0.01)


def test_relative_mahalanobis_is_what_the_classes_and_the_whole_give():
    """Classes N(-2, 1) and N(2, 1) in one dimension: the whole has mean 0 and variance 5."""
    rng = np.random.default_rng(0)
    classes = np.arange(100_000) % 2
    known = (rng.normal(size=len(classes)) + 4 * classes - 2)[:, None]
    x = np.linspace(-6, 6, 25)
    head = Head(lambda features: np.zeros((len(features), 2)))
    state = fitted("relative_mahalanobis", Seen(known, np.zeros((len(known), 2))), classes, head)
    found = unusualness("relative_mahalanobis", state, Seen(x[:, None], np.zeros((25, 2))), head)
    expected = np.minimum((x - 2) ** 2, (x + 2) ** 2) - x**2 / 5
    np.testing.assert_allclose(found, expected, atol=0.2)


def test_of_directions_with_two_spreads_knn_has_the_auroc_of_folded_gaussians():
    """Angles from N(0, s1) and N(0, s2) to one known direction: 2 / pi arctan(s2 / s1)."""
    one, other = drawn()
    head = Head(lambda features: np.zeros((len(features), 2)))
    known = Seen(np.tile([3.0, 0.0], (10, 1)), np.zeros((10, 2)))
    state = fitted("knn", known, np.zeros(10, int), head)
    scored = []
    for angles in (0.2 * one, 0.5 * other):
        features = 7 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        scored.append(unusualness("knn", state, Seen(features, np.zeros((len(angles), 2))), head))
    assert chance(*scored) == pytest.approx(2 / np.pi * np.arctan(2.5), abs=0.01)


def test_outside_of_the_principal_space_vim_has_the_auroc_of_folded_gaussians():
    """Known items lie along one axis; what counts is how far others lie off it."""
    one, other = drawn()
    rng = np.random.default_rng(1)
    head = Head.linear(np.zeros((2, 2)), np.array([5.0, 0.0]))
    features = np.stack([50 * rng.normal(size=5000), rng.normal(size=5000)], axis=1)
    state = fitted("vim", Seen(features, head.logits(features)), np.zeros(5000, int), head)
    scored = []
    for off in (one, 3 * other):
        features = np.stack([50 * rng.normal(size=len(off)), off], axis=1)
        scored.append(unusualness("vim", state, Seen(features, head.logits(features)), head))
    assert chance(*scored) == pytest.approx(2 / np.pi * np.arctan(3), abs=0.01)


def test_react_is_not_deceived_by_a_few_features_that_are_far_too_large():
    rng = np.random.default_rng(0)
    head = Head.linear(rng.random((3, 20)), np.zeros(3))
    known = rng.random((500, 20))
    strange = 0.2 * rng.random((200, 20))
    strange[:, 0] = 100
    state = fitted("react", Seen(known, head.logits(known)), np.zeros(500, int), head)
    seen = [Seen(f, head.logits(f)) for f in (known, strange)]
    assert chance(*(unusualness("energy", {}, one, head) for one in seen)) < 0.01
    assert chance(*(unusualness("react", state, one, head) for one in seen)) > 0.99


@pytest.mark.parametrize("name", NAMES)
def test_an_item_without_finite_numbers_is_the_most_unusual_and_changes_no_other(name: str):
    known, classes, head = world(n=200)
    state, seen = fitted(name, known, classes, head), asked(head, n=10)
    whole = unusualness(name, state, seen, head)
    features, logits = seen.features.copy(), seen.logits.copy()
    features[3, 0], logits[3], logits[5, 1], features[7] = np.nan, np.nan, np.inf, -np.inf
    found = unusualness(name, state, Seen(features, logits), head)
    assert np.isinf(found[[3, 5, 7]]).all()
    kept = np.delete(np.arange(10), [3, 5, 7])
    np.testing.assert_allclose(found[kept], whole[kept], rtol=1e-5)
    assert found.dtype == np.float64


@pytest.mark.parametrize("name", NAMES)
def test_huge_numbers_yield_no_nan(name: str):
    known, classes, head = world(n=200)
    features = np.full((2, 6), 1e30, np.float32)
    seen = Seen(features, np.full((2, 3), 1e30))
    assert not np.isnan(unusualness(name, fitted(name, known, classes, head), seen, head)).any()


@given(seed=st.integers(0, 50), name=st.sampled_from(NAMES))
def test_what_an_item_is_given_does_not_depend_on_the_others(seed: int, name: str):
    known, classes, head = world(n=120, seed=seed)
    state, seen = fitted(name, known, classes, head), asked(head, n=12, seed=seed)
    rows = np.random.default_rng(seed).permutation(12)[:7]
    whole = unusualness(name, state, seen, head)
    np.testing.assert_allclose(unusualness(name, state, seen.take(rows), head), whole[rows], 1e-5)


@given(
    seed=st.integers(0, 50), name=st.sampled_from(["mahalanobis", "relative_mahalanobis", "knn"])
)
def test_turning_the_feature_space_changes_no_distance(seed: int, name: str):
    known, classes, head = world(n=300, seed=seed)
    seen = asked(head, n=10, seed=seed)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 6)))[0]
    turned = [Seen((one.features @ turn).astype(np.float32), one.logits) for one in (known, seen)]
    np.testing.assert_allclose(
        unusualness(name, fitted(name, turned[0], classes, head), turned[1], head),
        unusualness(name, fitted(name, known, classes, head), seen, head),
        rtol=1e-3,
        atol=1e-3,
    )


@given(shift=st.floats(-30, 30), seed=st.integers(0, 20))
def test_shifted_logits_have_the_same_msp_and_a_shifted_energy(shift: float, seed: int):
    _, _, head = world()
    seen = asked(head, n=5, seed=seed)
    moved = Seen(seen.features, seen.logits + shift)
    msp = [unusualness("msp", {}, one, head) for one in (seen, moved)]
    np.testing.assert_allclose(msp[0], msp[1], rtol=1e-9, atol=1e-9)
    for name in ("energy", "max_logit"):
        one, other = (unusualness(name, {}, each, head) for each in (seen, moved))
        np.testing.assert_allclose(other, one - shift, atol=1e-9)


def test_neighbours_are_one_in_a_thousand_and_a_wide_bank_is_thinned(
    monkeypatch: pytest.MonkeyPatch,
):
    rng = np.random.default_rng(0)
    head = Head(lambda features: np.zeros((len(features), 2)))
    features = rng.normal(size=(3000, 4)).astype(np.float32)
    state = fitted("knn", Seen(features, np.zeros((3000, 2))), np.zeros(3000, int), head)
    asked_for = rng.normal(size=(20, 4)).astype(np.float32)
    found = unusualness("knn", state, Seen(asked_for, np.zeros((20, 2))), head)
    bank, one = (f / np.linalg.norm(f, axis=1, keepdims=True) for f in (features, asked_for))
    apart = np.sort(np.linalg.norm(one[:, None] - bank[None], axis=2), axis=1)
    np.testing.assert_allclose(found, apart[:, 2], rtol=1e-4)
    monkeypatch.setattr(knn, "MOST_NUMBERS", 4000)
    thin = fitted("knn", Seen(features, np.zeros((3000, 2))), np.zeros(3000, int), head)
    assert len(thin["directions"]) == 1000


def test_the_dimensions_of_vim_are_those_of_its_authors():
    assert [vim.principal_dimension(d, 10_000) for d in (2048, 768, 64)] == [1000, 512, 32]
    assert vim.principal_dimension(768, 100) == 50


def test_a_head_that_is_not_linear_leaves_vim_out_and_no_known_items_all_that_are_fitted():
    known, classes, _ = world(n=100)
    curved = Head(lambda features: np.tanh(features[:, :3]))
    found = fit_detectors(known, classes, curved)
    assert found.absent["vim"] == "the head is no linear layer, so that features have no origin"
    assert set(found.absent) == {"vim", "combined"}
    assert set(found(known)) == set(NAMES) - {"vim"}
    alone = fit_detectors(None, None, curved)
    assert set(alone.states) == {"energy", "max_logit", "msp"}
    assert "no items are known" in alone.absent["knn"]


def test_items_that_are_all_alike_have_no_covariance():
    alike = Seen(np.ones((30, 4), np.float32), np.ones((30, 2)))
    head = Head.linear(np.ones((2, 4)), np.zeros(2))
    found = fit_detectors(alike, np.zeros(30, int), head)
    assert {"mahalanobis", "relative_mahalanobis", "vim"} <= set(found.absent)
    with pytest.raises(NotApplicable, match="too wide"):
        scores.get("mahalanobis").fit(
            Seen(np.ones((3, 5000), np.float32), np.ones((3, 2))), np.zeros(3, int), head
        )


def test_known_items_without_finite_numbers_are_not_fitted_to():
    known, classes, head = world(n=300)
    spoiled = Seen(
        np.r_[known.features, np.full((5, 6), np.nan, np.float32)],
        np.r_[known.logits, np.ones((5, 3))],
    )
    found = fit_detectors(spoiled, np.r_[classes, np.zeros(5, int)], head)(known)
    for name, values in fit_detectors(known, classes, head)(known).items():
        np.testing.assert_array_equal(found[name], values)


def test_the_head_of_a_network_gives_its_logits():
    network = colour_network()
    inference = Inference(network)
    pixels = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    features = inference.features(pixels).numpy()
    head = Head.of(inference)
    np.testing.assert_allclose(head.logits(features), inference(pixels).numpy(), rtol=1e-5)
    linear = isinstance(network.head, nn.Linear)
    assert (head.weight is not None) == linear
