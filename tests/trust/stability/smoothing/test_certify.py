"""Certificates: the exact bound, abstention, and the known radius of a half-space."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest, norm

from finetrust.trust.stability.smoothing.certify import (
    ABSTAINED,
    certify,
    largest_radius,
    lower_bound,
    predict,
    radius_of,
    sample_under_noise,
)

from ..adversarial.small_models import Linear

SIGMA, ALPHA = 0.25, 0.001


@settings(max_examples=100)
@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.001, 0.01, 0.05]))
def test_the_bound_is_that_of_clopper_and_pearson(n, share, alpha):
    successes = round(share * n)
    found = float(lower_bound(np.array([successes]), n, alpha)[0])
    expected = beta.ppf(alpha, successes, n - successes + 1) if successes else 0.0
    assert found == pytest.approx(expected, rel=1e-9)
    exact = binomtest(successes, n).proportion_ci(1 - 2 * alpha, "exact").low
    assert found == pytest.approx(exact, rel=1e-6, abs=1e-12)


@settings(max_examples=100)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=5), st.sampled_from([0.001, 0.05, 0.3]))
def test_the_answer_is_given_where_the_test_of_the_two_first_is_significant(counts, alpha):
    first, second = sorted(counts)[::-1][:2]
    (found,) = predict(np.array([counts]), alpha)
    if first + second and binomtest(first, first + second).pvalue <= alpha:
        assert counts[found] == first
    else:
        assert found == ABSTAINED


def test_radii_are_those_of_the_paper():
    counts = np.array([[1000, 0], [990, 10], [540, 460], [510, 490], [0, 1000]])
    guesses = np.array([[9, 1]] * 4 + [[9, 1]])
    found = certify(guesses, counts, 1000, SIGMA, ALPHA)
    low = [ALPHA ** (1 / 1000), beta.ppf(ALPHA, 990, 11)]
    np.testing.assert_allclose(found.radius[:2], SIGMA * norm.ppf(low))
    assert found.radius[2:].tolist() == [0, 0, 0]
    assert found.certified.tolist() == [0, 0, ABSTAINED, ABSTAINED, ABSTAINED]
    assert found.answer.tolist() == [0, 0, ABSTAINED, ABSTAINED, 1]
    assert largest_radius(1000, SIGMA, ALPHA) == found.radius[0]
    assert radius_of(np.array([0.2, 0.5]), 1.0).tolist() == [0, 0]


def test_copies_without_an_answer_are_votes_for_nothing():
    def logits_of(images):
        bright = images[:, 0, 0, 0] > 0.5
        return torch.where(bright[:, None], torch.tensor([[1.0, 0.0]]), torch.nan)

    counts = sample_under_noise(
        logits_of, torch.full((2, 3, 4, 4), 0.5), torch.tensor([1, 2]), SIGMA, range(1000), 2, 64
    )
    assert counts[:, 1].tolist() == [0, 0]
    assert np.abs(counts[:, 0] - 500).max() < 60


def test_counts_do_not_depend_on_the_batches():
    model, images = Linear(), torch.rand(3, 3, 6, 6)
    seeds = torch.tensor([4, 9, 2])
    whole = sample_under_noise(model, images, seeds, SIGMA, range(50, 250), 2, 600)
    parts = [
        sample_under_noise(model, images[[i]], seeds[[i]], SIGMA, range(50, 250), 2, 7)
        for i in range(3)
    ]
    assert whole.tolist() == np.concatenate(parts).tolist()
    assert whole.sum(axis=1).tolist() == [200, 200, 200]


def test_the_radius_of_a_half_space_is_approached_and_never_passed():
    """The smoothed answer for a half-space is the half-space: its radius is the distance."""
    model, n, draws = Linear(), 150, 2000
    generator = torch.Generator().manual_seed(0)
    images = 0.5 + 0.06 * torch.randn(n, 3, 6, 6, generator=generator)
    truth = model.distance(images, "l2").double().numpy()
    labels = model(images).argmax(1).numpy()
    seeds = torch.arange(n)
    guesses, counts = (
        sample_under_noise(model, images, seeds, SIGMA, copies, 2, 20_000)
        for copies in (range(100), range(100, 100 + draws))
    )
    found = certify(guesses, counts, draws, SIGMA, ALPHA)
    assert (found.radius <= truth).all()
    assert (found.certified[found.radius > 0] == labels[found.radius > 0]).all()
    # What the same number of votes yields on average, by the known probability of each.
    likely = np.round(draws * norm.cdf(truth / SIGMA)).astype(int)
    expected = radius_of(lower_bound(likely, draws, ALPHA), SIGMA)
    assert np.abs(found.radius - expected).mean() < 0.005
    assert (truth - found.radius)[truth < 0.4].max() < 0.06


def test_a_bound_that_is_promised_for_95_percent_holds_for_as_many():
    """At a level that can be counted: 2,000 half-spaces at known distances, alpha = 5 %."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.02, 0.4, 2000)
    votes = rng.binomial(500, norm.cdf(truth / SIGMA))
    passed = radius_of(lower_bound(votes, 500, 0.05), SIGMA) > truth
    assert 0.02 < passed.mean() <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5
