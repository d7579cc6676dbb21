"""Methods that follow gradients: written down for linear networks, and the same as captum's."""

import torch
from captum.attr import (
    GradientShap,
    InputXGradient,
    NoiseTunnel,
    Saliency,
)
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from finetrust.trust.interpretability.attributions import gradient_shap, smooth_grad
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.integrated_gradients import IntegratedGradients

from .networks import Linear, cnn, images_of

TARGETS = torch.tensor([1, 3, 0])
ONE_BASELINE = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(9))


def attributed(name: str, network: nn.Module, images: Tensor, targets: Tensor, **given) -> Tensor:
    return attributions.get(name)(Explained(network, **given), images, targets)


def close(found: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected.detach().float(), rtol=1e-3, atol=tolerance)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(1, 3))
def test_of_a_linear_network_each_pixel_has_its_own_part(seed: int, baselines: int) -> None:
    network, images = Linear(8, seed), images_of(2, 8, seed)
    targets = torch.tensor([seed % 4, 1])
    replaced = images_of(baselines, 8, seed + 1)
    weights = network.weights[targets].detach()
    parts = ((images - replaced.mean(dim=0)) * weights).sum(dim=1)
    for name in ("integrated_gradients", "input_x_gradient"):
        close(attributed(name, network, images, targets, baselines=replaced), parts)
    largest = weights.abs().amax(dim=1)
    close(attributed("saliency", network, images, targets), largest)
    close(attributed("smooth_grad", network, images, targets), largest)
    one = attributed("gradient_shap", network, images, targets, baselines=replaced[:1])
    close(one, ((images - replaced[0]) * weights).sum(dim=1))


def test_the_default_baselines_are_black_and_white_where_there_is_a_path() -> None:
    network, images = Linear(), images_of(3)
    weights = network.weights[TARGETS]
    half = ((images - 0.5) * weights).sum(dim=1)
    close(attributed("integrated_gradients", network, images, TARGETS), half)
    close(attributed("gradient_shap", network, images, TARGETS), half)
    close(attributed("input_x_gradient", network, images, TARGETS), (images * weights).sum(dim=1))


def test_saliency_is_captums() -> None:
    network, images = cnn(), images_of(3)
    expected = Saliency(network).attribute(images, TARGETS).amax(dim=1)
    close(attributed("saliency", network, images, TARGETS), expected)


def test_input_x_gradient_is_captums() -> None:
    network, images = cnn(), images_of(3)
    expected = InputXGradient(network).attribute(images.clone(), TARGETS).sum(dim=1)
    close(attributed("input_x_gradient", network, images, TARGETS), expected)


def test_integrated_gradients_are_captums_averaged_over_the_baselines() -> None:
    network, images = cnn(), images_of(3)
    replaced = images_of(2, seed=5)
    theirs = [
        CaptumIntegratedGradients(network).attribute(
            images, b[None], TARGETS, n_steps=32, method="gausslegendre"
        )
        for b in replaced
    ]
    expected = torch.stack(theirs).mean(dim=0).sum(dim=1)
    found = attributed("integrated_gradients", network, images, TARGETS, baselines=replaced)
    close(found, expected)


def test_integrated_gradients_add_up_to_the_difference() -> None:
    network, images = cnn(), images_of(3)
    black_and_white = torch.stack([torch.zeros(3, 24, 24), torch.ones(3, 24, 24)])
    found = IntegratedGradients(steps=200)(Explained(network), images, TARGETS)
    with torch.no_grad():
        ends = network(images).gather(1, TARGETS[:, None])[:, 0]
        starts = network(black_and_white)[:, TARGETS].mean(dim=0)
    torch.testing.assert_close(found.sum(dim=(1, 2)), ends - starts, rtol=0.02, atol=0.02)


class Smooth(nn.Module):
    """Curved everywhere, so that noise and baselines matter."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(48, 16), nn.Tanh(), nn.Linear(16, 4), nn.Softplus()
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(6 * images - 3)


def off_by(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_smooth_grad_converges_to_what_captums_converges_to() -> None:
    network, images = Smooth(), 0.25 + 0.5 * images_of(2, 4)
    targets, plain = TARGETS[:2], attributed("saliency", network, images, TARGETS[:2])
    torch.manual_seed(0)
    expected = []
    for image, target in zip(images, targets, strict=True):
        spread = 0.15 * float(image.max() - image.min())
        mean = NoiseTunnel(Saliency(network)).attribute(
            image[None], nt_type="smoothgrad", nt_samples=4000, stdevs=spread,
            abs=False, target=int(target),
        )  # fmt: skip
        expected.append(mean.abs().amax(dim=1)[0])
    method = smooth_grad.SmoothGrad(samples=1000)
    found = method(Explained(network, seeds=torch.tensor([1, 2])), images, targets)
    assert off_by(found, torch.stack(expected)) < 0.03
    assert off_by(plain, torch.stack(expected)) > 0.03


def test_gradient_shap_converges_to_captums_and_to_the_mean_of_integrated_gradients() -> None:
    network, images, replaced = Smooth(), images_of(2, 4), images_of(5, 4, seed=3)
    torch.manual_seed(0)
    theirs = GradientShap(network).attribute(
        images, replaced, n_samples=4000, target=TARGETS[:2], stdevs=0.0
    )
    path = attributed("integrated_gradients", network, images, TARGETS[:2], baselines=replaced)
    method = gradient_shap.GradientShap(samples=1000)
    explained = Explained(network, baselines=replaced, seeds=torch.tensor([1, 2]))
    found = method(explained, images, TARGETS[:2])
    assert off_by(found, theirs.sum(dim=1)) < 0.06
    assert off_by(found, path) < 0.05


def test_gradient_shap_draws_every_baseline_as_often_as_any_other() -> None:
    network, images, replaced = Linear(4), images_of(2, 4), images_of(10, 4, seed=3)
    found = attributed("gradient_shap", network, images, TARGETS[:2], baselines=replaced)
    parts = ((images - replaced.mean(dim=0)) * network.weights[TARGETS[:2]]).sum(dim=1)
    close(found, parts)


def test_gradient_shap_draws_any_of_more_baselines_than_samples() -> None:
    network, images, replaced = Linear(4), images_of(1, 4), images_of(2, 4, seed=3)
    parts = ((images - replaced) * network.weights[TARGETS[:1]].detach()).sum(dim=1)
    seeds, n = torch.arange(60), 60
    found = gradient_shap.GradientShap(samples=1)(
        Explained(network, baselines=replaced, seeds=seeds),
        images.expand(n, -1, -1, -1),
        TARGETS[:1].expand(n),
    )
    first, second = ((found - part).abs().amax(dim=(1, 2)) < 1e-4 for part in parts)
    assert (first ^ second).all()
    assert 15 < int(first.sum()) < 45
