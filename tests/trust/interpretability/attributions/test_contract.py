"""What every attribution method keeps to."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions

from .networks import OTHER, SQUARE, ReadsSquare, cnn, images_of, two_squares, vit

METHODS = attributions.names()
OF_ATTENTION = {"attention_rollout", "chefer"}
OF_LAYERS = {"grad_cam", "grad_cam_plus_plus", "layer_cam", "score_cam"}
OF_ANSWERS = {"kernel_shap", "occlusion", "rise"}
RANDOM = {"gradient_shap", "kernel_shap", "rise", "smooth_grad"}

TARGETS = torch.tensor([0, 3, 1])
SEEDS = torch.tensor([5, 6, 7])


def explainable_by(name: str) -> Callable[[], nn.Module]:
    return vit if name in OF_ATTENTION else cnn


def test_all_methods_are_found() -> None:
    assert set(METHODS) == OF_ATTENTION | OF_LAYERS | OF_ANSWERS | {
        *("gradient_shap", "input_x_gradient", "integrated_gradients", "saliency", "smooth_grad"),
    }
    for _, method in attributions.items():
        assert method.title
        assert method.reference
        assert method.passes > 0
        assert method.effort in ("quick", "standard", "full")
    assert len({method.title for _, method in attributions.items()}) == len(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_an_item_has_the_same_map_alone_and_in_a_batch(name: str) -> None:
    method, network, images = attributions.get(name), explainable_by(name)(), images_of(3)
    method.applies(Explained(network), images[:1])
    maps = method(Explained(network, seeds=SEEDS), images, TARGETS)
    assert maps.shape == (3, 24, 24)
    assert maps.dtype == torch.float32
    assert maps.isfinite().all()
    assert (maps.flatten(1).std(dim=1) > 0).all()
    assert method.signed == bool((maps < 0).any())
    for i in (2, 0):
        one = slice(i, i + 1)
        alone = method(Explained(network, seeds=SEEDS[one]), images[one], TARGETS[one])
        torch.testing.assert_close(alone[0], maps[i], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_a_frozen_network_in_training_mode_is_explained_and_left_as_it_is(name: str) -> None:
    method, network, images = attributions.get(name), explainable_by(name)(), images_of(1)
    expected = method(Explained(network), images, TARGETS[:1])
    network.requires_grad_(False).train()
    part = next(module for module in network.modules() if isinstance(module, nn.Dropout))
    part.eval()
    before = {n: value.clone() for n, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    kept = images.clone()
    with torch.inference_mode():
        found = method(Explained(network), images.clone(), TARGETS[:1].clone())
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in network.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert torch.equal(images, kept)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("name", METHODS)
def test_gradients_that_wait_for_an_optimiser_stay(name: str) -> None:
    network = explainable_by(name)()
    network(images_of(2)).square().sum().backward()
    before = [p.grad.clone() for p in network.parameters()]
    attributions.get(name)(Explained(network), images_of(1), TARGETS[:1])
    for parameter, gradient in zip(network.parameters(), before, strict=True):
        assert parameter.requires_grad
        assert torch.equal(parameter.grad, gradient)


@pytest.mark.parametrize("name", sorted(set(METHODS) - OF_ATTENTION))
def test_the_maximum_lies_where_the_network_reads(name: str) -> None:
    network, images = ReadsSquare(), two_squares(2)
    maps = attributions.get(name)(Explained(network), images, torch.zeros(2, dtype=torch.int64))
    read, other = torch.zeros(24, 24), torch.zeros(24, 24)
    read[SQUARE] = 1
    other[OTHER] = 1
    for heat in maps:
        assert read.flatten()[heat.argmax()] == 1
        inside, beside = ((heat * part).sum() / part.sum() for part in (read, other))
        assert inside > (1 if name == "rise" else 3) * beside.abs()


@pytest.mark.parametrize("name", METHODS)
def test_only_what_is_random_depends_on_the_seed(name: str) -> None:
    network, images = explainable_by(name)(), images_of(1)
    maps = [
        attributions.get(name)(Explained(network, seeds=torch.tensor([seed])), images, TARGETS[:1])
        for seed in (1, 1, 2)
    ]
    assert torch.equal(maps[0], maps[1])
    assert torch.equal(maps[0], maps[2]) == (name not in RANDOM)


@pytest.mark.parametrize("name", sorted(set(METHODS) - OF_ATTENTION))
def test_wide_images_are_explained(name: str) -> None:
    images = torch.cat([images_of(1), images_of(1, seed=1)], dim=3)
    maps = attributions.get(name)(Explained(cnn()), images, TARGETS[:1])
    assert maps.shape == (1, 24, 48)
    assert maps.isfinite().all()


class Rounded(nn.Module):
    """A network without gradients."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.detach().mean(dim=(2, 3))


@pytest.mark.parametrize("name", METHODS)
def test_a_network_without_gradients_is_refused_by_all_that_need_them(name: str) -> None:
    method, explained, images = attributions.get(name), Explained(Rounded()), images_of(1)
    if name in OF_ANSWERS:
        method.applies(explained, images)
        assert method(explained, images, TARGETS[:1]).shape == (1, 24, 24)
        return
    with pytest.raises(NotApplicable, match=r"no gradient|no layer|no self-attention"):
        method.applies(explained, images)
    with pytest.raises(NotApplicable):
        method(explained, images, TARGETS[:1])


@pytest.mark.parametrize("name", sorted(OF_LAYERS))
def test_a_named_layer_is_read(name: str) -> None:
    network, images, method = cnn(), images_of(1), attributions.get(name)
    by_itself = method(Explained(network), images, TARGETS[:1])
    named = method(Explained(network, network[5]), images, TARGETS[:1])
    torch.testing.assert_close(named, by_itself)
    earlier = method(Explained(network, network[0]), images, TARGETS[:1])
    assert not torch.allclose(earlier, by_itself, atol=0.1)
    with pytest.raises(NotApplicable, match="is no map of the image"):
        method.applies(Explained(network, network[8]), images)


@pytest.mark.parametrize("name", ["input_x_gradient", "integrated_gradients", *sorted(OF_ANSWERS)])
def test_several_baselines_are_averaged_over(name: str) -> None:
    network, images, method = cnn(), images_of(1), attributions.get(name)
    black, white = torch.zeros(1, 3, 24, 24), torch.ones(1, 3, 24, 24)
    one, other, both = (
        method(Explained(network, baselines=b), images, TARGETS[:1])
        for b in (black, white, torch.cat([black, white]))
    )
    assert (one - other).abs().max() > 100 * (both - (one + other) / 2).abs().max()
