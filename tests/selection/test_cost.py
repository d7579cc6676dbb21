"""Costs are those of known networks: operations by their formula, memory between known bounds."""

import pytest
import timm
import torch
from torch import nn

from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.selection.cost import cost_of, flops, peak_bytes

SIZE = 32
PREPROCESSING = Preprocessing(SIZE, SIZE, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def network_of(*layers: nn.Module) -> Network:
    return Network(nn.Sequential(*layers), nn.Identity(), PREPROCESSING).eval()


def inputs() -> torch.Tensor:
    return PREPROCESSING.example(1)


def test_operations_of_a_convolution_are_counted_by_its_formula() -> None:
    network = network_of(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1))
    expected = 2 * SIZE**2 * (3 * 9 * 8 + 8 * 4)
    assert flops(network, inputs()) == expected


def test_attention_is_counted_though_its_kernel_is_fused() -> None:
    model = timm.create_model("test_vit", img_size=SIZE, num_classes=0)
    fused = flops(network_of(model), inputs())
    for block in model.blocks:
        block.attn.fused_attn = False
    assert fused == flops(network_of(model), inputs())
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_whole_cost_has_parameters_times_and_bounds() -> None:
    layer = nn.Conv2d(3, 8, 3, padding=1)
    cost = cost_of(network_of(layer))
    assert cost.parameters == 3 * 9 * 8 + 8
    assert cost.megabytes == pytest.approx(4 * cost.parameters / 1e6)
    assert 0 < cost.latency_ms_low <= cost.latency_ms <= cost.latency_ms_high
    assert cost.latency_n >= 3
    assert (cost.input_size, cost.device) == ("32x32", "cpu")


def test_memory_is_that_of_what_is_alive_at_a_time() -> None:
    image, wide = 4 * 3 * SIZE**2, 4 * 64 * SIZE**2
    one = network_of(nn.Conv2d(3, 64, 1), nn.AdaptiveAvgPool2d(1))
    three = network_of(
        nn.Conv2d(3, 64, 1), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 64, 1), nn.AdaptiveAvgPool2d(1)
    )
    weights = sum(4 * p.numel() for p in one.parameters())
    assert wide + weights <= peak_bytes(one, inputs()) <= wide + 4 * image + weights
    more = sum(4 * p.numel() for p in three.parameters())
    found = peak_bytes(three, inputs()) - more
    assert 2 * wide <= found < 3 * wide


def test_the_network_is_left_as_it_was() -> None:
    network = network_of(nn.Conv2d(3, 8, 3))
    network.train()
    cost_of(network)
    assert network.training
