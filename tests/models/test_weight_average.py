"""Averages of weights: straight lines whose ends are exact, and means that do not depend on chance."""

from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.models.weight_average import interpolated, mean_weights

from .nets import SmallNet, with_used_statistics


@cache
def weights(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return with_used_statistics(SmallNet()).state_dict()


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0])
def test_the_ends_of_the_line_are_the_networks_bit_for_bit(share: float) -> None:
    start, end = (
        {**weights(0), "nan": torch.tensor(float("nan"))},
        {**weights(1), "nan": torch.ones(())},
    )
    found = interpolated(start, end, share)
    expected = start if share == 0 else end
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name].nan_to_num(7), tensor.nan_to_num(7))
        assert found[name].data_ptr() != tensor.data_ptr()


@given(st.floats(0.01, 0.99))
def test_between_them_it_is_the_weighted_mean(share: float) -> None:
    start, end = weights(0), weights(1)
    found = interpolated(start, end, share)
    for name in ("stem.0.weight", "body.1.running_var", "fc.bias"):
        expected = (1 - share) * start[name].double() + share * end[name].double()
        torch.testing.assert_close(found[name].double(), expected, rtol=1e-5, atol=1e-6)


def test_whole_numbers_are_not_interpolated() -> None:
    start, end = ({"seen": torch.tensor(n)} for n in (3, 10))
    assert int(interpolated(start, end, 0)["seen"]) == 3
    assert int(interpolated(start, end, 0.3)["seen"]) == 10
    assert int(mean_weights([start, end])["seen"]) == 3


@given(st.integers(1, 7))
def test_the_mean_of_equal_weights_is_these_weights_bit_for_bit(copies: int) -> None:
    one = weights(0)
    found = mean_weights([one] * copies)
    assert all(torch.equal(found[name], tensor) for name, tensor in one.items())


def test_the_mean_is_that_of_each_tensor() -> None:
    three = [weights(seed) for seed in range(3)]
    found = mean_weights(three)
    for name in ("stem.0.weight", "fc.bias"):
        expected = torch.stack([one[name] for one in three]).mean(0)
        torch.testing.assert_close(found[name], expected)
        assert found[name].dtype == torch.float32
