"""MC dropout: passes that can be made again, and that do not depend on how items are batched."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from finetrust.models import saved
from finetrust.models.assemble import classifier_network
from finetrust.models.ensemble_dropout import (
    SampledDropout,
    Site,
    Sites,
    draw_units,
    dropout_sites,
    sampled_passes,
)
from finetrust.models.head import take_apart
from finetrust.models.inference import Inference
from finetrust.models.network import Network, as_they_are
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Provenance, sources
from finetrust.tasks.averages import mean_of_classes, mean_of_maps

from .nets import SmallNet, images, with_used_statistics

PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def network_of(module: nn.Module, width: int = 8) -> Network:
    backbone = take_apart(module, 32).backbone
    network = classifier_network(backbone, nn.Linear(width, 3), PREPROCESSING)
    with_used_statistics(network)
    return network.eval()


def with_dropout(seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return network_of(SmallNet(0))


def without_dropout(seed: int = 0) -> Network:
    torch.manual_seed(seed)
    module = SmallNet(0)
    module.drop = nn.Identity()
    return network_of(module)


def sampled(network: Network, passes: int, rate: float | None = None, seed: int = 0) -> Network:
    copied = copy.deepcopy(network)
    made = sampled_passes(copied, dropout_sites(copied, rate, 0.1), passes, mean_of_classes)
    draw_units(made, seed)
    return made.eval()


@pytest.mark.parametrize("network", [with_dropout(), without_dropout()])
@torch.no_grad()
def test_one_pass_that_drops_nothing_is_the_network_itself(network: Network) -> None:
    batch = images(3)
    assert torch.equal(sampled(network, 1, rate=0.0)(batch), network(batch))


def test_own_dropout_layers_drop_channels_at_their_own_rate() -> None:
    sites = dropout_sites(with_dropout(), None, 0.1)
    assert sites == Sites({"backbone.drop": Site(8, 1, 0.5)})
    assert dropout_sites(with_dropout(), 0.2, 0.1).layers["backbone.drop"].rate == 0.2


def test_a_network_without_them_drops_features_before_the_head() -> None:
    assert dropout_sites(without_dropout(), None, 0.1) == Sites(before_head=(Site(8, -1, 0.1),))


def test_a_layer_that_ends_the_backbone_counts_as_before_the_head() -> None:
    module = sources.get("torchvision").build("mobilenet_v2", "random", {}).module
    network = network_of(module, 1280)
    assert dropout_sites(network, None, 0.1) == Sites(before_head=(Site(1280, -1, 0.2),))


@pytest.mark.parametrize("network", [with_dropout(), without_dropout()])
@torch.no_grad()
def test_an_answer_does_not_depend_on_how_items_are_batched(network: Network) -> None:
    made, batch = sampled(network, 5), images(6)
    at_once = made(batch)
    one_by_one = torch.cat([made(batch[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(at_once, one_by_one, rtol=1e-5, atol=1e-5)
    assert torch.equal(at_once, made(batch))
    assert torch.equal(at_once, sampled(network, 5)(batch))
    assert not torch.allclose(at_once, sampled(network, 5, seed=1)(batch))


@pytest.mark.parametrize("network", [with_dropout(), without_dropout()])
@torch.no_grad()
def test_it_answers_with_the_mean_probability_of_its_passes(network: Network) -> None:
    made, batch = sampled(network, 4), images(3)
    passes = made.head.each(made.features(batch))
    assert len(passes) == 4
    assert all(not torch.allclose(one, other) for one, other in pairwise(passes))
    expected = torch.stack([one.softmax(1) for one in passes]).mean(0)
    torch.testing.assert_close(made(batch).softmax(1), expected)


@torch.no_grad()
def test_a_pass_is_the_network_with_columns_of_its_weights_dropped() -> None:
    network, batch = without_dropout(), images(3)
    made = sampled(network, 3, rate=0.4)
    masks = made.head.before[0].masks
    assert masks.unique().tolist() == pytest.approx([0, 1 / 0.6])
    for mask, found in zip(masks, made.head.each(made.features(batch)), strict=True):
        drawn = copy.deepcopy(network)
        drawn.head.weight *= mask
        torch.testing.assert_close(found, drawn(batch))


def test_units_are_dropped_at_the_rate() -> None:
    layer = SampledDropout(Site(1000, 1, 0.3), 100)
    draw_units(layer, 0)
    assert float((layer.masks == 0).float().mean()) == pytest.approx(0.3, abs=0.005)
    assert float(layer.masks.mean()) == pytest.approx(1, abs=0.01)


@torch.no_grad()
def test_features_are_computed_once_where_only_the_head_reads_dropped_ones() -> None:
    network = without_dropout()
    made = sampled(network, 5)
    assert Inference(made).key == Inference(network).key
    assert made.features(images(2)).shape == (2, 8)
    assert sampled(with_dropout(), 5).features(images(2)).shape == (2, 40)


@pytest.mark.parametrize("network", [with_dropout(), without_dropout()])
@torch.no_grad()
def test_the_fast_path_answers_the_same(network: Network) -> None:
    made, batch = sampled(network, 3), images(4)
    torch.testing.assert_close(Inference(made)(batch), made(batch), rtol=1e-4, atol=1e-4)


class MapHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop, self.classify = nn.Dropout(0.5), nn.Conv2d(4, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        return self.classify(self.drop(maps))


@torch.no_grad()
def test_a_head_with_dropout_of_its_own_is_passed_several_times() -> None:
    network = Network(nn.Conv2d(3, 4, 3), MapHead(), PREPROCESSING, features_of=as_they_are).eval()
    sites = dropout_sites(network, None, 0.1)
    assert sites == Sites({"head.drop": Site(4, 1, 0.5)})
    batch = images(2)
    made = sampled_passes(network, sites, 3, mean_of_maps).eval()
    draw_units(made, 0)
    passes = made.head.each(made.features(batch))
    assert not torch.allclose(passes[0], passes[1])
    expected = torch.stack([one.softmax(1) for one in passes]).mean(0)
    torch.testing.assert_close(made(batch).softmax(1), expected)


@pytest.mark.parametrize("network", [with_dropout(), without_dropout()])
@torch.no_grad()
def test_it_is_saved_and_loaded_with_the_units_that_it_drops(tmp_path, network: Network) -> None:
    made, batch = sampled(network, 3), images(2)
    provenance = Provenance("net", "random", "")
    model = saved.SavedModel(made, "classification", ("a", "b", "c"), provenance, None)
    saved.save(model, tmp_path / "model")
    module = SmallNet(0)
    module.drop = network.backbone.drop
    assert torch.equal(saved.load(tmp_path / "model", module).network(batch), made(batch))
