"""The moving average: its weights by hand, and what of a run it is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from finetrust import UserError
from finetrust.tuning.additions.ema import EMA
from finetrust.tuning.strategy import Phase

from ..runs import same, tuned, weights_of

PHASE = Phase("full", 3, None, 1e-3, 1e-3, 1.0, "none")


@given(seed=st.integers(0, 2**31), steps=st.integers(1, 60), decay=st.floats(0.01, 0.9999))
@settings(max_examples=25, deadline=None)
def test_the_average_is_that_of_the_equation(seed: int, steps: int, decay: float) -> None:
    rng = np.random.default_rng(seed)
    module = nn.BatchNorm1d(3)
    averager = EMA(decay=decay).averager(module, PHASE)
    assert averager.judged(module) is module
    expected = None
    for taken in range(steps):
        weight, mean = rng.normal(size=(2, 3))
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(weight))
            module.running_mean.copy_(torch.from_numpy(mean))
        averager.after_step(module)
        now, d = np.stack([weight, mean]), min(decay, (1 + taken) / (10 + taken))
        expected = now if expected is None else d * expected + (1 - d) * now
    judged = averager.judged(module)
    found = np.stack([judged.weight.numpy(), judged.running_mean.numpy()])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert module.weight.requires_grad
    assert not judged.weight.requires_grad


def test_a_short_run_does_not_end_with_the_weights_it_began_with() -> None:
    module = nn.Linear(1, 1, bias=False)
    averager = EMA().averager(module, PHASE)
    for step in range(100):
        nn.init.constant_(module.weight, float(step > 0))
        averager.after_step(module)
    assert float(averager.judged(module).weight) > 0.999


def test_the_average_is_what_is_judged_and_kept(tmp_path: Path) -> None:
    common = {"epochs": 2, "batch_size": 10, "val_fraction": 0}
    plain = weights_of(tuned(tmp_path / "plain", strategy="linear-probe", **common))
    nearly = tuned(tmp_path / "nearly", strategy="linear-probe + ema(decay=1e-9)", **common)
    slow = tuned(tmp_path / "slow", strategy="linear-probe + ema", **common)
    for name, tensor in weights_of(nearly).items():
        torch.testing.assert_close(tensor, plain[name], rtol=1e-4, atol=1e-6)
    change = (weights_of(slow)["head.weight"] - plain["head.weight"]).norm()
    assert change > 0.01 * plain["head.weight"].norm()
    assert slow.folder.record["strategy"] == "linear-probe + ema"
    once = {**common, "epochs": 1, "batch_size": 50}
    one, other = (
        weights_of(tuned(tmp_path / name, strategy=strategy, **once))
        for name, strategy in (("1", "linear-probe"), ("2", "linear-probe + ema"))
    )
    assert same(one, other)


@pytest.mark.parametrize("decay", ["0", "1", "nan"])
def test_a_decay_that_averages_nothing_is_an_error(decay: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="option 'decay'"):
        tuned(tmp_path / "run", strategy=f"full + ema(decay={decay})")
    with pytest.raises(UserError, match="unknown option 'ema'"):
        tuned(tmp_path / "run", ema=0.9)
