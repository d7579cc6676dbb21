"""Sharpness-aware steps: closed forms, what they leave alone, and one real step against a plain loop."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import finetrust
from finetrust import UserError
from finetrust.tuning.additions.asam import ASAM
from finetrust.tuning.additions.sam import SAM
from finetrust.tuning.perturbation import perturbed, same_draws

from ..runs import digits, same, tuned, weights_of


class Quadratic(nn.Module):
    """``w'Aw/2 + b*c`` for a symmetric A; how often it was called is a buffer."""

    def __init__(self, matrix: np.ndarray, weight: np.ndarray, bias: float, slope: float) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("matrix", torch.from_numpy(matrix))
        self.weight = nn.Parameter(torch.from_numpy(weight.copy()))
        self.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float64))
        self.unused = nn.Parameter(torch.ones(2, dtype=torch.float64))
        self.slope = slope

    def forward(self) -> Tensor:
        self.calls += 1
        return self.weight @ self.matrix @ self.weight / 2 + self.slope * self.bias


@given(seed=st.integers(0, 2**31), size=st.integers(1, 5), rho=st.floats(1e-3, 10))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("kind", [SAM, ASAM])
def test_the_gradient_on_a_quadratic_is_that_of_the_equations(
    kind: type, seed: int, size: int, rho: float
) -> None:
    rng = np.random.default_rng(seed)
    root, weight = rng.normal(size=(size, size)), rng.normal(size=size)
    bias, slope = rng.normal(size=2)
    matrix = root @ root.T
    module = Quadratic(matrix, weight, bias, slope)
    parameters = dict(module.named_parameters())
    module().backward()
    with perturbed(module, parameters, kind(rho=rho).perturbation()):
        module.zero_grad()
        module().backward()
    gradient = matrix @ weight
    sizes = np.ones(size) if kind is SAM else np.abs(weight) + 0.01
    length = np.sqrt(np.sum((sizes * gradient) ** 2) + slope**2)
    expected = matrix @ (weight + rho * sizes**2 * gradient / length)
    np.testing.assert_allclose(module.weight.grad.numpy(), expected, rtol=1e-9, atol=1e-12)
    assert float(module.bias.grad) == pytest.approx(slope)
    assert np.array_equal(module.weight.detach().numpy(), weight)
    assert float(module.bias.detach()) == bias
    assert int(module.calls) == 1


def test_the_bias_moves_by_the_gradient_alone() -> None:
    module = Quadratic(np.eye(1), np.zeros(1), 3.0, -2.0)
    module().backward()
    for kind in (SAM, ASAM):
        moves = kind(rho=0.25).perturbation()(dict(module.named_parameters()))
        assert [float(move.sum()) for move in moves] == pytest.approx([0, -0.25, 0])


def test_where_the_gradient_is_zero_nothing_moves() -> None:
    module = Quadratic(np.eye(2), np.zeros(2), 1.0, 0.0)
    module().backward()
    for kind in (SAM, ASAM):
        for move in kind().perturbation()(dict(module.named_parameters())):
            assert not move.any()


@given(scale=st.floats(0.01, 100), seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_what_asam_looks_at_does_not_depend_on_how_layers_are_scaled(
    scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    first, second = (torch.from_numpy(rng.normal(size=shape)) for shape in ((4, 3), (2, 4)))
    inputs = torch.from_numpy(rng.normal(size=(5, 3)))

    def loss(one: Tensor, other: Tensor) -> Tensor:
        return ((inputs @ one.T).relu() @ other.T).square().mean()

    found = []
    for factor in (1.0, scale):
        layers = {
            "a.weight": nn.Parameter(first * factor),
            "b.weight": nn.Parameter(second / factor),
        }
        loss(*layers.values()).backward()
        moves = ASAM(rho=0.3, eta=0).perturbation()(layers)
        there = (p + m for p, m in zip(layers.values(), moves, strict=True))
        found.append(float(loss(*there).detach()))
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_both_passes_drop_the_same_units() -> None:
    torch.manual_seed(0)
    with same_draws(torch.device("cpu")):
        first = nn.functional.dropout(torch.ones(50))
    assert torch.equal(first, nn.functional.dropout(torch.ones(50)))
    assert not torch.equal(first, nn.functional.dropout(torch.ones(50)))


ONE_STEP = {
    "input_size": 32,
    "epochs": 1,
    "batch_size": 50,
    "warmup": 0,
    "weight_decay": 0,
    "val_fraction": 0,
    "learning_rate": 0.1,
}


@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_a_step_of_a_linear_probe_is_that_of_the_plain_loop(
    clip_norm: float | None, tmp_path: Path
) -> None:
    from finetrust.config import ModelOptions
    from finetrust.models.assemble import assemble_classifier, classifier_network

    strategy = "linear-probe + sgd(momentum=0) + sam(rho=2)"
    run = tuned(tmp_path / "run", strategy=strategy, clip_norm=clip_norm, **ONE_STEP)
    assembled = assemble_classifier(ModelOptions(model="glyphnet"))
    train = digits().split("train")
    torch.manual_seed(0)
    network = classifier_network(
        assembled.parts.backbone, nn.Linear(assembled.parts.features, 10), assembled.preprocessing
    ).eval()
    transform = network.preprocessing.transform()
    images = torch.stack([transform(train.inputs[i]) for i in range(len(train))])
    with torch.no_grad():
        features = network.features(images)
    targets = torch.from_numpy(train.targets)
    weight, bias = (p.detach() for p in (network.head.weight, network.head.bias))

    def gradient(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        at = [t.clone().requires_grad_() for t in (weight, bias)]
        loss = nn.functional.cross_entropy(nn.functional.linear(features, *at), targets)
        return torch.autograd.grad(loss, at)

    def norm(tensors: tuple[Tensor, Tensor]) -> Tensor:
        return torch.cat([t.flatten() for t in tensors]).norm()

    rises = gradient(weight, bias)
    share = 2 / norm(rises)
    step = gradient(weight + share * rises[0], bias + share * rises[1])
    shrunk = 1 if clip_norm is None else (clip_norm / norm(step)).clamp(max=1)
    found = weights_of(run)
    expected = (weight - 0.1 * shrunk * step[0], bias - 0.1 * shrunk * step[1])
    torch.testing.assert_close(found["head.weight"], expected[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found["head.bias"], expected[1], rtol=1e-4, atol=1e-6)
    assert run.folder.log[0]["train_loss"] == pytest.approx(
        float(nn.functional.cross_entropy(nn.functional.linear(features, weight, bias), targets)),
        rel=1e-4,
    )


@pytest.mark.parametrize("name", ["sam", "asam"])
def test_statistics_of_batch_norm_take_in_a_batch_once(name: str, tmp_path: Path) -> None:
    plain, flat = (
        weights_of(tuned(tmp_path / strategy, strategy=strategy, **ONE_STEP))
        for strategy in ("full", f"full + {name}")
    )
    running = [key for key in plain if "running" in key or "tracked" in key]
    assert running
    assert same({k: plain[k] for k in running}, {k: flat[k] for k in running})
    assert not same(plain, flat)


class Dropping(nn.Module):
    """A small network that forgets half of what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 4)
        self.fc = nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(
            nn.functional.dropout(self.conv(images).relu(), 0.5, self.training).mean((2, 3))
        )


def test_a_step_that_looks_nowhere_else_is_the_plain_one_dropout_included(tmp_path: Path) -> None:
    preprocessing = finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3)
    ends = []
    for number, strategy in enumerate(("full", "full + sam(rho=1e-12)")):
        torch.manual_seed(1)
        common = {"model": Dropping(), "preprocessing": preprocessing, "batch_size": 25}
        ends.append(weights_of(tuned(tmp_path / str(number), strategy=strategy, **common)))
    for key, tensor in ends[0].items():
        torch.testing.assert_close(ends[1][key], tensor, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["sam", "asam"])
def test_micro_batches_add_up_to_the_batch(name: str, tmp_path: Path) -> None:
    common = {"strategy": f"linear-probe + {name}", "batch_size": 25}
    whole = weights_of(tuned(tmp_path / "whole", **common))
    split = weights_of(tuned(tmp_path / "split", micro_batch_size=7, **common))
    for key, tensor in whole.items():
        torch.testing.assert_close(split[key], tensor, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"strategy": "full + sam + asam"},
            "sam and asam both are the sharpness-aware step of the run",
        ),
        ({"strategy": "full + sam", "precision": "fp16"}, "sam does not go with --precision fp16"),
        ({"strategy": "full + asam", "precision": "fp16"}, "asam does not go with --precision"),
        ({"strategy": "full + sam(rho=0)"}, "option 'rho'"),
        ({"strategy": "full + asam(eta=-1)"}, "option 'eta'"),
    ],
)
def test_what_makes_no_sense_is_one_line(options: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said) as raised:
        tuned(tmp_path / "run", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()
