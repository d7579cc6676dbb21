"""TRADES: the divergence, the authors' loss step by step, and what it gains."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import finetrust
from data.mask_folders import coloured_folder
from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import Penalty, Start, Step
from finetrust.tuning.additions.trades import START, Trades, divergence

from ..attacked_digits import (
    PREPROCESSING,
    Small,
    gained,
    more_digits,
    right_under_attack,
    tuned_small,
)
from ..runs import same, tuned, weights_of

WIDE = "trades(epsilon=16/255)"
EPSILON, STEPS, SIZE = 16 / 255, 5, 4 / 255


@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 6, 5)], ids=["items", "pixels"])
def test_the_divergence_is_that_of_torch(shape: tuple[int, ...]) -> None:
    clean, other = torch.randn(2, *shape)
    expected = functional.kl_div(other.log_softmax(1), clean.softmax(1), reduction="none").sum(1)
    torch.testing.assert_close(divergence(clean, other), expected)
    assert divergence(clean, other).shape == (shape[0], *shape[2:])


def test_equal_answers_do_not_diverge_and_there_the_divergence_has_no_slope() -> None:
    logits = torch.randn(5, 4, requires_grad=True)
    found = divergence(logits.detach(), logits)
    found.sum().backward()
    assert float(found.detach().abs().max()) < 1e-6
    assert float(logits.grad.abs().max()) < 1e-6


def penalty(network: Network, **settings: float) -> Penalty:
    data = more_digits(20, 10).split("train")
    start = Start(TuneOptions(), network, data, tasks.get("classification"))
    made = Trades(**settings).penalty(start)
    assert made is not None
    return made


def term(made: Penalty, network: Network, inputs: Tensor) -> Tensor:
    nothing = torch.zeros(len(inputs), dtype=torch.int64)
    outputs = network(inputs)
    return made.term(Step(network, inputs, nothing, outputs, outputs.sum(), nothing, None))


def by_the_authors(network: nn.Module, images: Tensor, beta: float) -> Tensor:
    """The penalty of trades.py of the authors' repository, in its words and for their sum over a batch."""
    moved = images + START * torch.randn_like(images)
    for _ in range(STEPS):
        moved = moved.detach().requires_grad_()
        loss = functional.kl_div(
            network(moved).log_softmax(1), network(images).softmax(1), reduction="sum"
        )
        (gradient,) = torch.autograd.grad(loss, [moved])
        moved = moved.detach() + SIZE * gradient.sign()
        moved = torch.min(torch.max(moved, images - EPSILON), images + EPSILON).clamp(0, 1)
    loss = functional.kl_div(
        network(moved).log_softmax(1), network(images).softmax(1), reduction="sum"
    )
    return beta * loss / len(images)


def test_without_batch_norm_the_penalty_and_its_gradient_are_the_authors() -> None:
    body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Tanh(), nn.Flatten())
    network = Network(body, nn.Linear(288, 10), PREPROCESSING).train()
    # No colour is so near its end that the noise they start from leaves [0, 1], where they do not cut it.
    pixels = torch.randint(20, 236, (12, 3, 8, 8), dtype=torch.uint8)
    made = penalty(network, beta=3, epsilon=EPSILON, steps=STEPS, step_size=SIZE)
    found = []
    for of in (
        lambda: term(made, network, pixels),
        lambda: by_the_authors(network, pixels.float() / 255, 3),
    ):
        torch.manual_seed(5)
        network.zero_grad()
        loss = of()
        loss.backward()
        found.append([loss.detach(), *(p.grad.clone() for p in network.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    assert float(found[0][0]) > 0.01


def test_making_the_attack_leaves_gradients_and_statistics_alone() -> None:
    body = Small()
    network = Network(body.body, body.fc, PREPROCESSING).train()
    made = penalty(network, epsilon=EPSILON)
    loss = term(made, network, torch.rand(20, 3, 8, 8))
    assert all(parameter.grad is None for parameter in network.parameters())
    assert int(body.body[1].num_batches_tracked) == 2, "the clean batch, and the changed one"
    assert all(part.training for part in network.modules())
    loss.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_weight_or_a_size_of_zero_is_the_plain_run(tmp_path: Path) -> None:
    plain = weights_of(tuned_small(tmp_path / "plain", "full", epochs=2))
    for settings in ("beta=0", "epsilon=0"):
        plan = f"full + trades({settings})"
        assert same(plain, weights_of(tuned_small(tmp_path / settings, plan, epochs=2)))
    assert not same(plain, weights_of(tuned_small(tmp_path / "6", "full + trades", epochs=2)))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, finetrust.Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: tuned_small(folder / name, plan)
        for name, plan in (("plain", "full"), ("trades", f"lp-ft + {WIDE}"))
    }


def test_more_is_known_under_attack(runs: dict[str, finetrust.Run]) -> None:
    """By Foolbox's attack with 32/255: 12 % and half of 300 when written."""
    part = more_digits().split("val")
    before, after = (right_under_attack(runs[name], part, 32 / 255) for name in ("plain", "trades"))
    gain, p = gained(before, after)
    assert gain > 0.15
    assert p < 1e-6


def test_it_rests_while_the_head_alone_trains_and_the_last_epoch_is_kept(
    runs: dict[str, finetrust.Run],
) -> None:
    folder = runs["trades"].folder
    phases = folder.record["phases"]
    assert [(p["cached"], p["penalties"]) for p in phases] == [(True, []), (False, ["trades"])]
    for line in folder.log:
        assert ("train_trades" in line) == (line["phase"] == "full")
    assert folder.record["validation"]["accuracy"] == pytest.approx(folder.log[-1]["val_accuracy"])


def test_mixing_and_micro_batches_go_with_it(tmp_path: Path) -> None:
    options = {"micro_batch_size": 7, "cutmix": 1.0, "mixup": 0.4, "epochs": 3}
    log = tuned_small(tmp_path / "run", f"full + {WIDE}", **options).folder.log
    assert log[-1]["train_loss"] < log[0]["train_loss"]
    assert all(0 < line["train_trades"] < line["train_loss"] for line in log)


def test_masks_can_be_kept_from_changing(tmp_path: Path) -> None:
    run = finetrust.tune(
        "glyphnet",
        coloured_folder(tmp_path / "data", n=8),
        strategy="full + trades(steps=1)",
        epochs=1,
        batch_size=4,
        quiet=True,
        out=str(tmp_path / "run"),
    )
    assert 0 < run.folder.log[0]["train_trades"] < run.folder.log[0]["train_loss"]


def test_numbers_have_no_probabilities_to_compare(tmp_path: Path) -> None:
    every = coloured_folder(tmp_path / "images", n=8) / "images"
    names = [f"{path},{i}.5" for i, path in enumerate(sorted(every.iterdir()))]
    table = tmp_path / "numbers.csv"
    table.write_text("\n".join(["path,label", *names]))
    with pytest.raises(UserError, match="trades compares probabilities of classes") as raised:
        tuned(tmp_path / "run", str(table), strategy="full + trades", task="regression")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()
