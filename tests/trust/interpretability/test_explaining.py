"""What is explained: which items, at which layer, in which batches."""

import pytest
import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.trust.interpretability.explaining import (
    answered_rows,
    explainable,
    explainer,
    layer_name,
    maps_of,
)

from .faithfulness.benches import OneCell, bench_of
from .square_reader import small_network

EXAMPLE = torch.rand(1, 3, 24, 24)


def test_the_layer_is_found_or_named_with_or_without_the_backbone_before_it() -> None:
    network = small_network()
    assert layer_name(network, EXAMPLE) == "3"
    assert layer_name(network, EXAMPLE, "0") == "0"
    assert layer_name(nn.Sequential(nn.Flatten(), nn.Linear(1728, 2)), EXAMPLE) is None
    bench = bench_of(OneCell(), n=2, n_validation=None)
    for named in ("means", "backbone.means"):
        assert layer_name(bench.network, EXAMPLE, named) == "backbone.means"
    with pytest.raises(UserError, match="the network has none of that name"):
        layer_name(network, EXAMPLE, "zero")


def test_only_items_with_an_answer_are_explained() -> None:
    class Broken(OneCell):
        def forward(self, images: Tensor) -> Tensor:
            found = super().forward(images)
            return found.where(images[:, :1, 0, 0] > 0.5, torch.nan)

    bench = bench_of(Broken(), n=20, n_validation=None)
    rows, answers = answered_rows(bench)
    logits = bench.clean["logits"]
    assert 0 < len(rows) < 20
    assert (answers == logits[rows].argmax(axis=1)).all()


def test_the_cost_is_that_of_the_methods_that_apply() -> None:
    found = explainable(
        bench_of(OneCell(), n=2, n_validation=None, attributions="rise,saliency,chefer")
    )
    assert found.methods == ("rise", "saliency")
    assert (found.passes, found.mean_passes) == (1003, 502)


def test_maps_are_the_same_in_batches_of_any_size() -> None:
    network, images = small_network(), torch.rand(5, 3, 24, 24)
    given = explainer("layer_cam", "3"), network, images, torch.arange(5), torch.arange(5)
    whole = maps_of(*given)
    assert whole.shape == (5, 24, 24)
    torch.testing.assert_close(maps_of(*given, at_once=2), whole, atol=1e-5, rtol=1e-4)
    assert maps_of(given[0], network, images[:0], torch.arange(0), torch.arange(0)).shape == (
        0,
        24,
        24,
    )


def test_a_batch_that_does_not_fit_into_memory_is_halved() -> None:
    sizes = []

    def explain(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        sizes.append(len(images))
        if len(images) > 2:
            raise RuntimeError("CUDA out of memory.")
        return images[:, 0] + seeds[:, None, None]

    images, seeds = torch.rand(7, 3, 4, 4), torch.arange(7)
    found = maps_of(explain, nn.Identity(), images, seeds, seeds, at_once=8)
    torch.testing.assert_close(found, images[:, 0] + seeds[:, None, None])
    assert sizes == [7, 4, 2, 2, 2, 1]

    def broken(network: nn.Module, images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        raise RuntimeError("another fault")

    with pytest.raises(RuntimeError, match="another fault"):
        maps_of(broken, nn.Identity(), images, seeds, seeds)
