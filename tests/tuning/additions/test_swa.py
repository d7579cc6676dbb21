"""Stochastic weight averaging: which weights, at which rate, with which batch-norm statistics."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

import finetrust
from finetrust import UserError
from finetrust.models.network import freeze_all_but, train_mode
from finetrust.tuning.additions.swa import SWA
from finetrust.tuning.batch_norm import recompute_statistics, training_norms
from finetrust.tuning.strategy import Phase

from ..runs import digits, tuned, weights_of


def phase(epochs: int) -> Phase:
    return Phase("full", epochs, None, 1e-3, 1e-3, 1.0, "none")


def convolutions() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5)
    )


@pytest.mark.parametrize(
    ("start", "epochs", "taken"),
    [(0.75, 4, [3, 4]), (0.75, 10, [8, 9, 10]), (0.5, 4, [2, 3, 4]), (0, 3, [1, 2, 3])],
)
def test_it_is_the_mean_over_the_ends_of_the_epochs_from_the_start_on(
    start: float, epochs: int, taken: list[int]
) -> None:
    module = nn.Linear(1, 1, bias=False)
    averager = SWA(start=start).averager(module, phase(epochs))
    for epoch in range(epochs):
        nn.init.constant_(module.weight, (epoch + 1) ** 2)
        averager.after_step(module)
        averager.after_epoch(module, epoch, lambda: iter(()))
        assert (averager.judged(module) is module) == (epoch + 1 < taken[0])
    expected = sum(number**2 for number in taken) / len(taken)
    assert float(averager.judged(module).weight) == pytest.approx(expected)


def test_the_rate_falls_to_a_constant_one() -> None:
    schedule = SWA(start=0.6, rate_share=0.3).schedule(phase(10), 0.1)
    factors = [schedule.factor(step, 100) for step in range(100)]
    assert factors[9:11] == [1, 1]
    assert factors[9:61] == sorted(factors[9:61], reverse=True)
    assert factors[35] == pytest.approx(0.65)
    assert factors[60:] == pytest.approx([0.3] * 40)


def test_statistics_are_those_of_torch() -> None:
    mine, theirs = convolutions(), convolutions()
    batches = [torch.randn(6, 3, 8, 8) + 2 for _ in range(4)]
    mine(batches[0])
    recompute_statistics(mine, ["1", "4"], lambda: iter(batches))
    update_bn(batches, theirs)
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(mine.state_dict()[name], tensor)
    assert mine[1].momentum == 0.1
    assert not any(layer.training for layer in mine)


def test_frozen_norms_keep_their_statistics() -> None:
    module = convolutions()
    freeze_all_but(module, {"3.weight", "4.weight"})
    train_mode(module)
    assert training_norms(module) == ["4"]
    recompute_statistics(module, ["4"], lambda: iter([torch.randn(6, 3, 8, 8) + 2]))
    assert torch.equal(module[1].running_mean, torch.zeros(4))
    assert module[4].running_mean.abs().max() > 0


def test_the_statistics_that_are_kept_are_those_of_the_averaged_weights(tmp_path: Path) -> None:
    data = digits()
    run = tuned(
        tmp_path / "run",
        data,
        strategy="full + swa(start=0.5)",
        epochs=4,
        batch_size=50,
        augment="none",
        val_fraction=0,
    )
    before = weights_of(run)
    network, train = finetrust.load(run.path).model.network, data.split("train")
    transform = network.preprocessing.transform()
    images = torch.stack([transform(train.inputs[row]) for row in range(len(train))])
    update_bn([images], network)
    for name, tensor in network.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(before[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategy": "full + swa + ema"}, "swa and ema both are the averaging of the run"),
        ({"strategy": "full + swa", "patience": 3}, "swa and --patience"),
        ({"strategy": "full + swa", "epochs": 1}, "swa has one epoch only to average in full"),
        ({"strategy": "full + swa(start=1)"}, "option 'start'"),
        ({"strategy": "full + swa(rate_share=0)"}, "option 'rate_share'"),
    ],
)
def test_what_makes_no_sense_is_one_line(options: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said) as raised:
        tuned(tmp_path / "run", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()
