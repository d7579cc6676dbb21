import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust.trust.interpretability.integrated_gradients import integrated_gradients


def test_of_a_linear_score_each_number_adds_its_own_part() -> None:
    weights = torch.tensor([2.0, -1.0, 0.0])
    found, missed = integrated_gradients(
        lambda points: points @ weights,
        torch.tensor([1.0, 3.0, 5.0]),
        torch.tensor([0.0, 1.0, 0.0]),
    )
    assert found.tolist() == pytest.approx([2.0, -2.0, 0.0])
    assert missed == pytest.approx(0, abs=1e-6)


def test_a_product_is_shared_out_evenly() -> None:
    found, _ = integrated_gradients(
        lambda points: points[:, 0] * points[:, 1], torch.tensor([2.0, 3.0]), torch.zeros(2)
    )
    assert found.tolist() == pytest.approx([3.0, 3.0])


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, values: Tensor) -> Tensor:
        return self.layers(values.flatten(1)).softmax(1)


@pytest.mark.parametrize("steps", [20, 50])
def test_it_is_captums(steps: int) -> None:
    from captum.attr import IntegratedGradients

    torch.manual_seed(1)
    net = Net().eval()
    value, baseline = torch.randn(3, 4), torch.randn(3, 4)
    ours, missed = integrated_gradients(lambda points: net(points)[:, 1], value, baseline, steps)
    theirs, delta = IntegratedGradients(net).attribute(
        value[None],
        baseline[None],
        target=1,
        n_steps=steps,
        method="gausslegendre",
        return_convergence_delta=True,
    )
    np.testing.assert_allclose(ours, theirs[0].detach(), atol=1e-5)
    assert missed == pytest.approx(float(delta), abs=1e-5)


def test_more_steps_miss_less() -> None:
    torch.manual_seed(0)
    net = Net().eval()
    value = 4 * torch.randn(3, 4)
    errors = [
        abs(integrated_gradients(lambda p: net(p)[:, 0], value, torch.zeros(3, 4), steps)[1])
        for steps in (2, 30)
    ]
    assert errors[1] < errors[0]
    assert errors[1] < 1e-3
