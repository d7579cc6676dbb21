"""An explanation that ignores the weights is caught; one that reads them is not; nothing is touched."""

import copy

import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps, sobel_maps
from finetrust.trust.interpretability.grad_cam import grad_cam
from finetrust.trust.interpretability.randomisation import cascade, verdict

from .square_reader import small_network

SAME, CHANGES = "does not change with the weights", "changes with the weights"


def gradient(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
    pixels = images.clone().requires_grad_(True)
    of_target = network(pixels).gather(1, targets[:, None]).sum()
    return torch.autograd.grad(of_target, pixels)[0].sum(1)


def edges(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
    return sobel_maps(images)


def batch(n: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    return torch.rand(n, 3, 16, 16), torch.arange(n) % 5, torch.arange(n)


def test_an_explanation_that_ignores_the_weights_is_caught() -> None:
    found = cascade(small_network(), edges, *batch())
    assert (found.rank_correlation == 1).all()
    judged = verdict(found.rank_correlation[-1])
    assert (judged.answer, judged.same, judged.n) == (SAME, 10, 10)
    assert judged.p_value == pytest.approx(2 / 2**10)


def test_an_explanation_that_hardly_reads_the_weights_is_caught() -> None:
    def mostly_edges(network: nn.Module, *items: Tensor) -> Tensor:
        read = gradient(network, *items)
        return sobel_maps(items[0]) + 0.5 * read / read.abs().max()

    found = cascade(small_network(), mostly_edges, *batch())
    assert (found.rank_correlation[-1] < 1).all()
    assert verdict(found.rank_correlation[-1]).answer == SAME


def test_gradients_change_with_the_weights() -> None:
    found = cascade(small_network(), gradient, *batch())
    assert verdict(found.rank_correlation[-1]).answer == CHANGES


class _PassedOnPositive(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return values.relu()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        return gradient.relu() * (values > 0)


def guided_backprop(network: nn.Module, *items: Tensor) -> Tensor:
    """Springenberg et al. 2015: negative gradients are cut off at every ReLU."""
    handles = [
        module.register_forward_hook(lambda m, inputs, o: _PassedOnPositive.apply(inputs[0]))
        for module in network.modules()
        if isinstance(module, nn.ReLU)
    ]
    found = gradient(network, *items).abs()
    for handle in handles:
        handle.remove()
    return found


def test_guided_backprop_fails_where_gradients_pass_as_the_paper_found() -> None:
    """Wide layers: its maps recover the image (Nie, Zhang & Patel 2018), whatever comes above."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 128, 5, padding=2), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Conv2d(128, 128, 3, padding=1), nn.ReLU()]
    deep = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(4), nn.Flatten(), nn.Linear(2048, 5)).eval()
    coarse = torch.rand(6, 3, 5, 5).repeat_interleave(4, 2).repeat_interleave(4, 3)
    items = coarse + 0.2 * torch.rand(6, 3, 20, 20) - 0.5, torch.arange(6) % 5, torch.arange(6)
    fails = cascade(deep, guided_backprop, *items).rank_correlation
    passes = cascade(deep, lambda *a: gradient(*a).abs(), *items).rank_correlation
    # At the last but one stage all layers but the first are drawn anew.
    assert verdict(fails[-2]).answer == SAME
    assert verdict(passes[0]).answer == verdict(passes[-2]).answer == CHANGES


def test_a_constant_map_does_not_change_with_the_weights() -> None:
    def constant(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        return torch.zeros_like(images[:, 0])

    found = cascade(small_network(), constant, *batch())
    assert verdict(found.rank_correlation[-1]).answer == SAME


def test_a_map_that_becomes_constant_has_changed() -> None:
    given = small_network()

    def gone(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        maps = random_maps(images, seeds)
        return maps if network is given else torch.zeros_like(maps)

    found = cascade(given, gone, *batch())
    assert (found.rank_correlation == 0).all()
    assert verdict(found.rank_correlation[-1]).answer == CHANGES


def test_layers_go_from_the_logits_down_and_each_stage_keeps_the_rest() -> None:
    network, seen = small_network(), []

    def watching(model: nn.Module, *items: Tensor) -> Tensor:
        seen.append(copy.deepcopy(model.state_dict()))
        return gradient(model, *items)

    images, targets, seeds = batch()
    found = cascade(network, watching, images, targets, seeds, stages=4)
    assert found.layers == (("7",), ("3",), ("1",), ("0",))
    for stage, fresh in enumerate((("7",), ("7", "3"), ("7", "3", "1"), ("7", "3", "1", "0"))):
        changed = {
            name.split(".")[0]
            for name, value in seen[stage + 1].items()
            if not torch.equal(value, seen[0][name])
        }
        # Batch norm of a network that was never trained is as it is drawn.
        assert changed == set(fresh) - {"1"}
    plain, last = gradient(network, images, targets, seeds), copy.deepcopy(network)
    last.load_state_dict(seen[-1])
    after = gradient(last, images, targets, seeds)
    expected = [
        spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(plain, after, strict=True)
    ]
    assert found.rank_correlation[-1].tolist() == pytest.approx(expected, abs=1e-6)
    expected = [
        spearmanr(a.ravel(), b.ravel()).statistic
        for a, b in zip(plain.abs(), after.abs(), strict=True)
    ]
    assert found.absolute_rank_correlation[-1].tolist() == pytest.approx(expected, abs=1e-6)
    assert found.structural_similarity.shape == (4, 10)


def test_stages_hold_as_many_layers_each_and_no_more_than_there_are() -> None:
    network, items = small_network(), batch(2)
    assert cascade(network, gradient, *items, stages=2).layers == (("7", "3"), ("1", "0"))
    assert len(cascade(network, gradient, *items, stages=9).layers) == 4


def test_maps_that_are_known_are_not_made_again() -> None:
    network, items, made = small_network(), batch(3), []

    def counted(model: nn.Module, *of: Tensor) -> Tensor:
        made.append(model)
        return gradient(model, *of)

    whole = cascade(network, gradient, *items)
    known = cascade(network, counted, *items, plain=gradient(network, *items))
    assert torch.equal(whole.rank_correlation, known.rank_correlation)
    assert len(made) == 4
    assert network not in made


def test_the_network_and_the_generator_are_left_as_they_are() -> None:
    network = small_network().requires_grad_(False)
    before = copy.deepcopy(network.state_dict())
    images, targets, seeds = batch(3)
    state = torch.random.get_rng_state()
    first = cascade(network, gradient, images, targets, seeds)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in network.parameters())
    assert not any(m.training or m._forward_pre_hooks for m in network.modules())
    torch.manual_seed(99)
    again = cascade(network, gradient, images, targets, seeds)
    assert torch.equal(first.rank_correlation, again.rank_correlation)
    other = cascade(network, gradient, images, targets, seeds, seed=1)
    assert not torch.equal(first.rank_correlation, other.rank_correlation)


class Tokens(nn.Module):
    """Parameters of its own that no module draws, read after the layers, and layers out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 5)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.position = nn.Parameter(torch.randn(1, 16, 8))
        self.patches = nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.position
        return self.head(self.attention(tokens, tokens, tokens)[0].mean(1))


def test_parameters_without_a_layer_are_drawn_anew_with_their_spread() -> None:
    network, seen = Tokens().eval(), []

    def watching(model: nn.Module, *items: Tensor) -> Tensor:
        seen.append(copy.deepcopy(model.state_dict()))
        return gradient(model, *items)

    found = cascade(network, watching, *batch(), stages=5)
    assert found.layers == (("head",), ("attention.out_proj",), ("attention",), ("patches",), ("",))
    assert not torch.equal(seen[-1]["position"], seen[0]["position"])
    assert abs(seen[-1]["position"].std() - seen[0]["position"].std()) < 0.2
    assert not torch.equal(
        seen[-1]["attention.in_proj_weight"], seen[0]["attention.in_proj_weight"]
    )
    assert verdict(found.rank_correlation[-1]).answer == CHANGES


def test_grad_cam_of_the_copy_is_explained_by_its_own_layers() -> None:
    def explain(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        return grad_cam(network, images, targets)

    found = cascade(small_network(), explain, *batch())
    assert found.rank_correlation.isfinite().all()


def test_few_items_or_a_mixed_picture_leave_it_unclear() -> None:
    assert verdict(torch.ones(5)).answer == "unclear"
    assert verdict(torch.ones(6)).answer == SAME
    assert verdict(torch.zeros(6)).answer == CHANGES
    assert verdict(torch.tensor([0.0, 1] * 10)).answer == "unclear"
    assert verdict(torch.full((8,), 0.5)).answer == SAME
    assert verdict(torch.full((8,), -1.0)).answer == CHANGES


def test_what_is_not_finite_does_not_count_and_nothing_left_is_no_verdict() -> None:
    judged = verdict(torch.tensor([1.0] * 6 + [torch.nan] * 20))
    assert (judged.answer, judged.n) == (SAME, 6)
    with pytest.raises(NotApplicable, match="no item"):
        verdict(torch.full((3,), torch.nan))

    def broken(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        maps = sobel_maps(images)
        maps[seeds == 1] = torch.nan
        return maps

    found = cascade(small_network(), broken, *batch(3))
    assert found.rank_correlation[-1].isnan().tolist() == [False, True, False]


def test_a_network_without_parameters_cannot_be_drawn_anew() -> None:
    with pytest.raises(NotApplicable, match="Flatten has no parameters"):
        cascade(nn.Flatten(), gradient, *batch(1))
