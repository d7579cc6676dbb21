"""The attack that training is made against: closed forms, Foolbox, and what it leaves alone."""

import contextlib

import eagerpy
import foolbox
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from finetrust import UserError
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tuning.attack import at_rest, drawn_within, pgd
from finetrust.tuning.plan import read_plan
from trust.stability.adversarial.small_models import network, some_digits


@given(
    seed=st.integers(0, 2**31),
    epsilon=st.floats(1e-3, 0.3),
    steps=st.integers(3, 8),
    several=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_on_a_linear_function_every_pixel_goes_as_far_as_it_may(
    seed: int, epsilon: float, steps: int, several: bool
) -> None:
    rng = np.random.default_rng(seed)
    weights = torch.tensor(rng.normal(size=(2, 3, 4, 5)), dtype=torch.float32)
    weights[0, 0] = 0
    images = torch.tensor(rng.random((2, 3, 4, 5)), dtype=torch.float32)
    given = list(images) if several else images
    start = drawn_within(given, epsilon)

    def rise(points: Tensor | list[Tensor]) -> Tensor:
        return (weights * torch.stack(list(points))).sum()

    found = pgd(rise, given, start, epsilon, steps, 2.5 * epsilon / steps)
    assert isinstance(found, list) == several
    found = torch.stack(list(found))
    moved = weights != 0
    expected = (images + epsilon * weights.sign()).clamp(0, 1)
    torch.testing.assert_close(found[moved], expected[moved], atol=1e-6, rtol=0)
    begun = torch.stack(list(start)).clamp(images - epsilon, images + epsilon).clamp(0, 1)
    assert torch.equal(found[~moved], begun[~moved])
    assert not found.requires_grad


@given(seed=st.integers(0, 2**31), epsilon=st.floats(0, 0.5), size=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_it_never_leaves_the_ball_nor_the_colours(seed: int, epsilon: float, size: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    images, centre = (torch.rand(2, 3, 4, 4, generator=generator) for _ in range(2))
    start = 3 * torch.randn(2, 3, 4, 4, generator=generator)
    found = pgd(lambda points: -(points - centre).abs().sum(), images, start, epsilon, 4, size)
    assert float((found - images).abs().max()) <= epsilon + 1e-6
    assert 0 <= float(found.min()) <= float(found.max()) <= 1


def test_where_there_is_no_slope_nothing_moves() -> None:
    images = torch.rand(2, 3, 4, 4)
    found = pgd(lambda p: (p * float("nan")).sum() + 0 * p.sum(), images, images, 0.1, 3, 0.1)
    assert torch.equal(found, images)


def victims(n: int = 200) -> tuple[Tensor, Tensor]:
    images, labels, _ = some_digits(n)
    return images, labels


def by_foolbox(images: Tensor, labels: Tensor, epsilon: float, steps: int, random: bool) -> Tensor:
    attack = foolbox.attacks.LinfProjectedGradientDescentAttack(
        rel_stepsize=2.5 / steps, steps=steps, random_start=random
    )
    model = foolbox.PyTorchModel(network(), bounds=(0, 1))
    return eagerpy.astensor(attack.run(model, images, labels, epsilon=epsilon)).raw


def by_us(images: Tensor, labels: Tensor, epsilon: float, steps: int, start: Tensor) -> Tensor:
    def rise(points: Tensor) -> Tensor:
        return functional.cross_entropy(network()(points), labels)

    return pgd(rise, images, start, epsilon, steps, 2.5 * epsilon / steps)


def right(points: Tensor, labels: Tensor) -> Tensor:
    return network()(points).argmax(1) == labels


@pytest.mark.parametrize("epsilon", [0.04, 0.08, 0.15])
def test_from_the_same_start_it_is_that_of_foolbox(epsilon: float) -> None:
    images, labels = victims()
    ours = by_us(images, labels, epsilon, 10, images)
    theirs = by_foolbox(images, labels, epsilon, 10, random=False)
    # Where a gradient is almost zero, its sign is a matter of rounding.
    assert float(((ours - theirs).abs() > 1e-5).float().mean()) < 0.01
    assert torch.equal(right(ours, labels), right(theirs, labels))
    assert 0.05 < float(right(ours, labels).float().mean()) < 0.95


def test_from_a_random_start_it_is_not_weaker_than_foolbox() -> None:
    images, labels = victims(400)
    torch.manual_seed(0)
    found = by_us(images, labels, 0.08, 10, drawn_within(images, 0.08))
    ours = float(right(found, labels).float().mean())
    theirs = float(right(by_foolbox(images, labels, 0.08, 10, True), labels).float().mean())
    assert 0.05 < theirs < 0.95
    assert ours <= theirs + 0.02


def body() -> Network:
    layers = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(144, 8)
    )
    preprocessing = Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.5,) * 3)
    return Network(layers, nn.Linear(8, 2), preprocessing)


def test_a_network_at_rest_drops_nothing_and_learns_no_statistics() -> None:
    module, images = body(), torch.rand(6, 3, 8, 8)
    module.backbone[0].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    with contextlib.suppress(KeyboardInterrupt), at_rest(module) as plain:
        assert torch.equal(plain(images), plain(images))
        assert plain.training, "else it may read large images window by window"
        pgd(lambda points: plain(points).sum(), images, images, 0.1, 2, 0.1)
        raise KeyboardInterrupt
    assert [part.training for part in module.modules()] == modes
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(parameter.grad is None for parameter in module.parameters())


def test_what_synchronises_gradients_is_left_out() -> None:
    from torch import distributed

    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        module, images = body(), torch.rand(6, 3, 8, 8)
        wrapped = DistributedDataParallel(module)
        for _ in range(2):
            outputs = wrapped(images)
            with at_rest(wrapped) as plain:
                assert plain is module
                points = pgd(lambda p: plain(p).sum(), images, images, 0.1, 2, 0.1)
            (outputs.sum() + plain(points).sum()).backward()
    finally:
        distributed.destroy_process_group()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("name", ["adversarial", "trades"])
@pytest.mark.parametrize("text", ["8/255", " 8 / 255 ", "0.03137254901960784"])
def test_a_change_of_colours_may_be_written_as_a_fraction(name: str, text: str) -> None:
    plan = read_plan(f"full + {name}(epsilon={text}, step-size=2/255)")
    assert plan.added[name].epsilon == 8 / 255
    assert plan.added[name].step_size == 2 / 255


@pytest.mark.parametrize("name", ["adversarial", "trades"])
@pytest.mark.parametrize("wrong", ["epsilon=8", "epsilon=8/0", "epsilon=a/2", "step-size=-1/255"])
def test_what_is_no_change_of_colours_is_refused(name: str, wrong: str) -> None:
    with pytest.raises(UserError, match=r"option '(epsilon|step_size)' is") as raised:
        read_plan(f"full + {name}({wrong})")
    assert "\n" not in str(raised.value)
