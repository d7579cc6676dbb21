"""The difference that a test set is said to show is found as often as is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finetrust.trust.data.power import (
    paired_difference_shown,
    paired_items_needed,
    unpaired_difference_shown,
    unpaired_items_needed,
)

SIMULATED = 4000


@pytest.mark.parametrize("n", [300, 1000])
@pytest.mark.parametrize("discordant", [0.1, 0.3])
def test_mcnemar_finds_the_paired_difference_in_four_of_five_cases(
    n: int, discordant: float
) -> None:
    d = paired_difference_shown(n, discordant)
    assert d is not None
    shares = [(discordant + d) / 2, (discordant - d) / 2, 1 - discordant]
    gained, lost, _ = np.random.default_rng(0).multinomial(n, shares, SIMULATED).T
    statistic = (gained - lost) ** 2 / np.maximum(gained + lost, 1)
    found = (stats.chi2.sf(statistic, 1) < 0.05).mean()
    assert found == pytest.approx(0.8, abs=0.04)
    exact = 2 * stats.binom.cdf(np.minimum(gained, lost), gained + lost, 0.5)
    assert 0.74 <= (exact < 0.05).mean() <= 0.82


@pytest.mark.parametrize("error", [0.05, 0.2, 0.5, 0.9])
def test_a_chi_squared_test_finds_the_unpaired_difference_in_four_of_five_cases(
    error: float,
) -> None:
    n = 500
    d = unpaired_difference_shown(n, error)
    assert d is not None
    other = error + d if error <= 0.5 else error - d
    rng = np.random.default_rng(0)
    one, two = rng.binomial(n, error, 2000), rng.binomial(n, other, 2000)
    p = [
        stats.chi2_contingency([[a, n - a], [b, n - b]], correction=False).pvalue
        for a, b in zip(one, two, strict=True)
    ]
    assert (np.array(p) < 0.05).mean() == pytest.approx(0.8, abs=0.04)


def test_the_sizes_are_those_of_the_formulas() -> None:
    # Connor 1987, eq. 3.2, and Fleiss et al. 2003, eq. 4.14, with SciPy's quantiles.
    a, b = stats.norm.isf(0.025), stats.norm.isf(0.2)
    assert paired_items_needed(0.1, 0.4) == pytest.approx(
        (a * 0.4**0.5 + b * (0.4 - 0.01) ** 0.5) ** 2 / 0.01
    )
    assert unpaired_items_needed(0.1, 0.3) == pytest.approx(
        (a * (2 * 0.35 * 0.65) ** 0.5 + b * (0.3 * 0.7 + 0.4 * 0.6) ** 0.5) ** 2 / 0.01
    )


@given(st.integers(20, 10**6), st.floats(0, 0.5), st.floats(0, 1))
def test_the_difference_that_n_items_show_needs_n_items(
    n: int, discordant: float, error: float
) -> None:
    paired, unpaired = paired_difference_shown(n, discordant), unpaired_difference_shown(n, error)
    assert paired is not None
    assert unpaired is not None
    assert 0 < paired <= 1
    assert 0 < unpaired <= max(error, 1 - error)
    assert paired_items_needed(paired, discordant) == pytest.approx(n, rel=1e-6)
    assert unpaired_items_needed(unpaired, error) == pytest.approx(n, rel=1e-6)
    more = paired_difference_shown(2 * n, discordant)
    assert more is not None
    assert more < paired


def test_too_few_items_show_nothing() -> None:
    assert paired_difference_shown(3, 0.0) is None
    assert paired_difference_shown(8, 0.5, largest=0.5) is None
    assert unpaired_difference_shown(5, 0.5) is None
