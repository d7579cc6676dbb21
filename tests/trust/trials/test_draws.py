"""Random numbers by seed: uniform, normal, independent, and the same in any batch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finetrust.trust.trials.draws import random_bits, standard_normal, uniform

ITEMS, COUNT = 48, 40_000
# The chance that a standard normal value is beyond it is 1e-6: several hundred are looked at.
RARE = 4.9


def as_unsigned(bits: torch.Tensor) -> np.ndarray:
    return bits.numpy().view(np.uint32)


@pytest.fixture(scope="module")
def bits() -> np.ndarray:
    return as_unsigned(random_bits(COUNT, torch.arange(ITEMS)))


def z_of_correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1] * one.size**0.5)


def test_each_of_32_bits_is_set_half_of_the_time_and_unlike_the_others(bits: np.ndarray) -> None:
    single = ((bits[:16].ravel()[:, None] >> np.arange(32, dtype=np.uint32)) & 1).astype(np.float32)
    signs = 2 * single - 1
    z = signs.T @ signs / len(signs) ** 0.5
    assert np.abs(z[~np.eye(32, dtype=bool)]).max() < RARE
    assert np.abs(signs.mean(axis=0)).max() * len(signs) ** 0.5 < RARE


@pytest.mark.parametrize("shift", [0, 8, 16, 24])
@pytest.mark.parametrize("lag", [1, 96, 224])
def test_bytes_of_an_item_at_a_distance_are_independent_pairs(
    bits: np.ndarray, shift: int, lag: int
) -> None:
    values = (bits >> np.uint32(shift) & 255).astype(int)
    pairs = np.bincount((values[:, lag:] * 256 + values[:, :-lag]).ravel(), minlength=65536)
    assert stats.chisquare(pairs).pvalue > 1e-4


def test_items_and_streams_are_independent(bits: np.ndarray) -> None:
    z = np.corrcoef(bits / 2**32) * COUNT**0.5
    assert np.abs(z[~np.eye(ITEMS, dtype=bool)]).max() < RARE
    for stream in (1, 2, 7):
        other = as_unsigned(random_bits(COUNT, torch.arange(ITEMS), stream))
        assert abs(z_of_correlation(bits / 2**32, other / 2**32)) < RARE
        # The same pair of bytes in either stream is as rare as any.
        pairs = np.bincount(((bits >> 24) * 256 + (other >> 24)).ravel(), minlength=65536)
        assert stats.chisquare(pairs).pvalue > 1e-4


def test_the_same_place_of_items_with_seeds_in_a_row_is_uniform() -> None:
    first = as_unsigned(random_bits(2, torch.arange(100_000)))
    for column in first.T:
        assert stats.kstest(column / 2**32, "uniform").pvalue > 1e-3
        assert abs(z_of_correlation(column[1:] / 2**32, column[:-1] / 2**32)) < RARE
    assert abs(z_of_correlation(first[:, 0] / 2**32, first[:, 1] / 2**32)) < RARE


def test_uniform_values_lie_in_0_to_1_and_are_uniform() -> None:
    values = uniform(torch.empty(10, 100, 101), torch.arange(10)).double().numpy().ravel()
    assert values.min() >= 0
    assert values.max() < 1
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_normal_values_are_normal() -> None:
    values = standard_normal(torch.empty(10, 100, 101), torch.arange(10)).double().numpy().ravel()
    assert stats.kstest(values, "norm").pvalue > 1e-3
    assert stats.kurtosis(values) == pytest.approx(0, abs=5 * (24 / values.size) ** 0.5)
    assert abs(values.mean()) < 5 / values.size**0.5
    assert values.var() == pytest.approx(1, abs=5 * (2 / values.size) ** 0.5)
    assert abs(z_of_correlation(values[1:], values[:-1])) < RARE
    assert 4 < values.max() < 4.5


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40),
    st.integers(0, 9_000),
    st.integers(0, 100),
)
def test_an_item_is_the_same_alone_and_in_any_batch(
    seeds: list[int], count: int, stream: int
) -> None:
    given_seeds = torch.tensor(seeds)
    like = torch.empty(len(seeds), count)
    row = len(seeds) // 2
    for draw in (standard_normal, uniform):
        together = draw(like, given_seeds, stream)
        assert together.shape == like.shape
        assert torch.equal(together[row], draw(like[:1], given_seeds[row : row + 1], stream)[0])


def test_seeds_that_differ_anywhere_give_other_numbers() -> None:
    seeds = torch.tensor([0, 1, -1, 2**31, 2**32, 2**62, 12345, 12345 + 2**40])
    assert len(np.unique(as_unsigned(random_bits(64, seeds)))) == 8 * 64


def test_numbers_are_in_the_type_that_is_asked_for() -> None:
    for kind in (torch.float64, torch.bfloat16):
        assert standard_normal(torch.empty(2, 9, dtype=kind), torch.arange(2)).dtype == kind
