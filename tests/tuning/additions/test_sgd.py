"""Gradient descent with momentum: its steps by hand, and that a run takes them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from finetrust import UserError
from finetrust.tuning.additions.sgd import SGD

from ..runs import same, tuned, weights_of


@given(
    momentum=st.sampled_from([0.0, 0.5, 0.9]),
    nesterov=st.booleans(),
    decay=st.floats(0, 0.5),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=30, deadline=None)
def test_steps_are_those_of_the_equations(
    momentum: float, nesterov: bool, decay: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weight, velocity = rng.normal(size=3), np.zeros(3)
    parameter = nn.Parameter(torch.from_numpy(weight.copy()))
    optimiser = SGD(momentum=momentum, nesterov=nesterov).optimiser(
        [{"params": [parameter], "lr": 0.1, "weight_decay": decay}]
    )
    for _ in range(4):
        gradient = rng.normal(size=3)
        parameter.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
        gradient = gradient + decay * weight
        velocity = momentum * velocity + gradient
        weight = weight - 0.1 * (gradient + momentum * velocity if nesterov else velocity)
    np.testing.assert_allclose(parameter.detach().numpy(), weight, rtol=1e-9, atol=1e-12)


def test_settings_reach_the_run(tmp_path: Path) -> None:
    common = {"epochs": 2, "batch_size": 10}
    strategies = ["sgd", "sgd(momentum=0.5)", "sgd(nesterov=false)", "sgd(momentum=0)"]
    ends = [
        weights_of(tuned(tmp_path / str(i), strategy=f"linear-probe + {text}", **common))
        for i, text in enumerate(strategies)
    ]
    plain = weights_of(tuned(tmp_path / "plain", strategy="linear-probe", **common))
    ends.append(plain)
    assert not any(same(one, other) for i, one in enumerate(ends) for other in ends[:i])


def test_there_is_one_way_to_say_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown option 'optimizer'"):
        tuned(tmp_path / "run", optimizer="sgd")
    with pytest.raises(UserError, match="option 'momentum'"):
        tuned(tmp_path / "run", strategy="full + sgd(momentum=1)")
    with pytest.raises(UserError, match="sgd is added twice"):
        tuned(tmp_path / "run", strategy="full + sgd + sgd(momentum=0)")
