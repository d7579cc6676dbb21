"""EWC: the Fisher information in closed form, and which weights it holds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.data.source import open_dataset
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import Penalty, Start, Step
from finetrust.tuning.additions.ewc import EWC, ewc, fisher_diagonal

from ..masked_images import PREPROCESSING, SIZE, Plain, tuned, write

TASK = tasks.get("classification")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"), n=40)


@pytest.mark.parametrize("together", [1, 4])
def test_the_fisher_information_of_a_logistic_model_is_the_closed_form(together: int) -> None:
    """By hand: the score is (y - p) x, so F_j = E x_j**2 p (1 - p)."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(4000, 3, generator=generator) * torch.tensor([0.5, 1.0, 2.0])
    weights = torch.tensor([1.0, -0.5, 0.2], requires_grad=True)
    unused = torch.ones(2, requires_grad=True)

    def likelihoods() -> Iterator[tuple[Tensor, int]]:
        for part in inputs.split(together):
            p = (part @ weights).sigmoid()
            drawn = torch.rand(len(part), generator=generator) < p
            yield torch.where(drawn, p, 1 - p).log().sum(), len(part)

    found, none = fisher_diagonal([weights, unused], likelihoods())
    p = (inputs @ weights).sigmoid()[:, None].detach()
    expected = (inputs**2 * p * (1 - p)).mean(0)
    torch.testing.assert_close(found, expected, rtol=0.1, atol=0)
    assert none.tolist() == [0, 0]


def test_the_penalty_and_its_gradient_are_those_of_the_equation() -> None:
    torch.manual_seed(0)
    weights, start, fisher = ([torch.rand(3, 2), torch.rand(4)] for _ in range(3))
    for tensor in weights:
        tensor.requires_grad_()
    term = ewc(weights, start, fisher)
    expected = (
        sum((f * (w - s) ** 2).sum() for w, s, f in zip(weights, start, fisher, strict=True)) / 2
    )
    torch.testing.assert_close(term, expected)
    term.backward()
    for w, s, f in zip(weights, start, fisher, strict=True):
        torch.testing.assert_close(w.grad, (f * (w - s)).detach())


def penalty_of(data: Path, module: nn.Module) -> tuple[Penalty | None, Network, Tensor]:
    """Return the penalty of a network, the network, and the pixels that it may read."""
    network = Network(module, nn.Linear(64, 2), PREPROCESSING)
    train = open_dataset(str(data / "images")).split("train")
    prepare = PREPROCESSING.transform()
    pixels = PREPROCESSING.collate([prepare(train.inputs[row]) for row in range(len(train))])
    penalty = EWC(weight=1).penalty(Start(TuneOptions(), network, train, TASK))
    return penalty, network, network.normalise(pixels).detach()


def value(penalty: Penalty, module: nn.Module) -> float:
    rows = torch.arange(1)
    return penalty.term(Step(module, rows, rows, rows, torch.tensor(1.0), rows, None)).item()


def test_the_fisher_information_of_linear_features_is_the_closed_form(data: Path) -> None:
    """By hand: y ~ N(W x, |W x|**2), so F of W_kj = E x_j**2 / |W x|**2, for all k alike."""
    torch.manual_seed(0)
    linear = nn.Linear(3 * SIZE**2, 64, bias=False)
    penalty, network, pixels = penalty_of(data, nn.Sequential(nn.Flatten(), linear))
    assert value(penalty, network) == 0
    x = pixels.flatten(1)
    fisher = (x**2 / (x @ linear.weight.T).detach().square().sum(1, keepdim=True)).mean(0)
    for columns in (slice(0, 256), slice(256, 768)):
        with torch.no_grad():
            linear.weight[:, columns] += 0.1
        expected = 0.01 / 2 * 64 * float(fisher[columns].sum())
        assert value(penalty, network) == pytest.approx(expected, rel=0.1)
        with torch.no_grad():
            linear.weight[:, columns] -= 0.1


def test_a_weight_on_which_no_feature_depends_is_free(data: Path) -> None:
    torch.manual_seed(0)
    dead = nn.Linear(3 * SIZE**2, 64)
    with torch.no_grad():
        dead.weight[:32] = 0
        dead.bias[:32] = -1
    penalty, network, _ = penalty_of(data, nn.Sequential(nn.Flatten(), dead, nn.ReLU()))
    with torch.no_grad():
        dead.weight[:32] += 1
    assert value(penalty, network) == 0
    with torch.no_grad():
        dead.weight[32:] += 1
    assert value(penalty, network) > 0


def test_computing_it_leaves_the_network_and_all_chance_as_they_were(data: Path) -> None:
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE**2, 64), nn.BatchNorm1d(64), nn.Dropout())
    body[1].bias.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in body.state_dict().items()}
    network = Network(body, nn.Linear(64, 2), PREPROCESSING)
    train = open_dataset(str(data / "images")).split("train")
    state = torch.get_rng_state()
    assert EWC().penalty(Start(TuneOptions(), network, train, TASK)) is not None
    assert torch.equal(torch.get_rng_state(), state)
    assert network.training
    assert not body[1].bias.requires_grad
    assert body[1].weight.grad is None
    for name, tensor in body.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_the_heavier_the_pull_the_nearer_the_start_where_it_matters(
    data: Path, tmp_path: Path
) -> None:
    torch.manual_seed(7)
    body = Plain().body
    train = open_dataset(str(data / "images")).split("train")
    network = Network(body, nn.Linear(8, 2), PREPROCESSING)
    measure = EWC(weight=1).penalty(Start(TuneOptions(), network, train, TASK))
    found = []
    for weight in (0, 10, 100, 1000):
        run = tuned(data, tmp_path / str(weight), f"full + ewc(weight={weight})")
        ended = run.model.network.backbone.state_dict()
        body.load_state_dict({name.removeprefix("body."): t for name, t in ended.items()})
        found.append(value(measure, network))
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0] / 5


def test_a_network_that_is_all_head_is_refused() -> None:
    with pytest.raises(UserError, match="ewc needs the features before the head") as raised:
        EWC().check_network(Network(nn.Flatten(), nn.Linear(4, 2), PREPROCESSING))
    assert "\n" not in str(raised.value)


def test_the_same_seed_finds_the_same_information(data: Path) -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(0)
        body = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE**2, 64))
        torch.manual_seed(np.random.default_rng().integers(2**31))
        penalty, network, _ = penalty_of(data, body)
        with torch.no_grad():
            body[1].weight += 0.1
        found.append(value(penalty, network))
    assert found[0] == found[1] > 0
