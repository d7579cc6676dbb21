"""DELTA: how far features are from the pretrained ones, and what is left of that on other inputs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import finetrust
from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.data.source import open_dataset
from finetrust.models.network import Network, train_mode
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import Penalty, Start, Step
from finetrust.tuning.additions.delta import Delta, feature_distance

from ..masked_images import PREPROCESSING, SIZE, Plain, pictures, tuned, write

TASK = tasks.get("classification")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"), n=40)


@given(seed=st.integers(0, 2**31), scale=st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_the_distance_is_that_of_the_equation_over_the_size_of_the_features(
    seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    shapes = ((2, 3, 4, 5), (2, 7))
    own, begun = ([rng.normal(size=shape) * scale for shape in shapes] for _ in range(2))
    expected = [
        np.mean(
            [
                ((a[i] - b[i]) ** 2).sum() / 2 / (b[i] ** 2).sum()
                for a, b in zip(own, begun, strict=True)
            ]
        )
        for i in range(2)
    ]
    found = feature_distance(*(tuple(map(torch.tensor, maps)) for maps in (own, begun)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_gradients_reach_the_features_that_train_and_not_those_that_do_not() -> None:
    torch.manual_seed(0)
    own, begun = (torch.randn(2, 3, requires_grad=True) for _ in range(2))
    feature_distance(own, begun).sum().backward()
    size = begun.square().sum(1, keepdim=True)
    torch.testing.assert_close(own.grad, ((own - begun) / size).detach())


def test_a_map_that_is_zero_at_the_start_does_not_count() -> None:
    found = feature_distance(
        (torch.ones(1, 2), torch.ones(1, 3)), (torch.ones(1, 2), torch.zeros(1, 3))
    )
    assert found.tolist() == [0.0]


def kept_features(run: finetrust.Run) -> float:
    """Return how far the features of unseen pictures are from the pretrained ones."""
    torch.manual_seed(7)
    begun = Plain().body
    pixels = torch.from_numpy(pictures(9, 200, marked=False)[0]).permute(0, 3, 1, 2)
    network = run.model.network.eval()
    with torch.no_grad():
        start = begun(network.normalise(pixels))
        return float(feature_distance(network.features(pixels), start).mean())


def test_features_of_unseen_inputs_stay_the_nearer_the_heavier_the_pull(
    data: Path, tmp_path: Path
) -> None:
    plans = ["full", *(f"full + delta(weight={weight})" for weight in (0.1, 1, 10))]
    runs = [tuned(data, tmp_path / str(n), plan) for n, plan in enumerate(plans)]
    found = [kept_features(run) for run in runs]
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0] / 5
    last = runs[-1].folder.log[-1]["train_delta"]
    assert 0 < last < 10 * found[0]


def penalty_of(
    data: Path, module: nn.Module, weight: float = 1.0
) -> tuple[Penalty | None, Network]:
    network = Network(module, nn.Linear(8, 2), PREPROCESSING)
    train = open_dataset(str(data / "images")).split("train")
    return Delta(weight=weight).penalty(Start(TuneOptions(), network, train, TASK)), network


def step_of(penalty: Penalty, module: nn.Module, inputs: Tensor) -> Step:
    penalty.expect()
    outputs = module(inputs)
    rows = torch.arange(len(inputs))
    return Step(module, inputs, rows, outputs, torch.tensor(1.0), rows, None)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_term_is_that_of_the_weights_as_they_began(compiled: bool, data: Path) -> None:
    torch.manual_seed(0)
    penalty, network = penalty_of(data, Plain().body, weight=3.0)
    module: nn.Module = torch.compile(network, backend="eager") if compiled else network
    inputs = torch.randint(0, 256, (5, 3, SIZE, SIZE), dtype=torch.uint8)
    assert penalty.term(step_of(penalty, module, inputs)).item() == 0
    start = network.features(inputs).detach()
    with torch.no_grad():
        for parameter in network.backbone.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    term = penalty.term(step_of(penalty, module, inputs))
    expected = 3 * feature_distance(network.features(inputs), start).mean()
    torch.testing.assert_close(term, expected)
    step = step_of(penalty, module, inputs)
    module(255 - inputs)  # as another penalty may, before this one is asked
    torch.testing.assert_close(penalty.term(step), expected)
    term.backward()
    assert all(float(p.grad.abs().sum()) > 0 for p in network.backbone.parameters())
    assert all(p.grad is None for p in network.head.parameters())


def test_the_pretrained_network_is_asked_as_it_answers_and_learns_nothing(data: Path) -> None:
    """Batch norm of the one that trains sees the batch, that of the start its own statistics."""
    body = nn.Sequential(
        nn.Flatten(), nn.Linear(3 * SIZE**2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5)
    )
    penalty, network = penalty_of(data, body)
    train_mode(network)
    inputs = torch.randint(0, 256, (5, 3, SIZE, SIZE), dtype=torch.uint8)
    before = network.eval().features(inputs).detach()
    train_mode(network)
    for _ in range(3):
        torch.manual_seed(1)
        step = step_of(penalty, network, inputs)
        state = torch.get_rng_state()
        term = penalty.term(step)
        assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    torch.testing.assert_close(term, feature_distance(network.features(inputs), before).mean())
    assert int(body[2].num_batches_tracked) == 4


def test_a_network_that_is_all_head_is_refused() -> None:
    with pytest.raises(UserError, match="delta needs the features before the head") as raised:
        Delta().check_network(Network(nn.Flatten(), nn.Linear(4, 2), PREPROCESSING))
    assert "\n" not in str(raised.value)
