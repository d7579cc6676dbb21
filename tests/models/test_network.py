import pytest
import torch
from torch import nn

from finetrust.models.network import Network, as_they_are, freeze_all_but, train_mode
from finetrust.models.preprocessing import Preprocessing

from .nets import SmallNet, images

PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


@pytest.fixture
def network():
    return Network(SmallNet(classes=0), nn.Linear(8, 3), PREPROCESSING)


def names(network, prefix):
    return {name for name, _ in network.named_parameters() if name.startswith(prefix)}


def buffers_after_a_step(network):
    before = {name: b.clone() for name, b in network.named_buffers()}
    train_mode(network)
    network(images(8)).sum().backward()
    return {name for name, b in network.named_buffers() if not torch.equal(b, before[name])}


def test_pixels_and_their_share_of_255_are_normalised_alike():
    normalise = PREPROCESSING.normaliser()
    batch = images()
    torch.testing.assert_close(normalise(batch), normalise(batch / 255))


def test_normalised_values_are_those_of_the_formula():
    batch = torch.full((1, 3, 1, 1), 128, dtype=torch.uint8)
    expected = [(128 / 255 - m) / s for m, s in zip((0.1, 0.2, 0.3), (0.4, 0.5, 0.6), strict=True)]
    torch.testing.assert_close(PREPROCESSING.normaliser()(batch).flatten(), torch.tensor(expected))


def test_the_normalisation_is_part_of_the_network_and_of_its_weights(network):
    batch = images()
    network.eval()
    with torch.no_grad():
        inner = network.head(network.backbone(network.normalise(batch)))
        torch.testing.assert_close(network(batch), inner)
    assert {"normalise.mean", "normalise.std"} <= network.state_dict().keys()
    assert names(network, "normalise") == set()


def test_maps_of_one_pixel_are_flattened_to_features():
    backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1))
    assert Network(backbone, nn.Linear(8, 3), PREPROCESSING)(images()).shape == (2, 3)


def test_exactly_the_named_parameters_take_gradients(network):
    trainable = names(network, "head") | names(network, "backbone.body")
    freeze_all_but(network, trainable)
    assert {n for n, p in network.named_parameters() if p.requires_grad} == trainable
    freeze_all_but(network, names(network, ""))
    assert all(p.requires_grad for p in network.parameters())


def test_frozen_batch_norm_keeps_its_statistics(network):
    freeze_all_but(network, names(network, "head"))
    assert buffers_after_a_step(network) == set()


def test_only_batch_norm_that_trains_moves_its_statistics(network):
    freeze_all_but(network, names(network, "head") | names(network, "backbone.body"))
    changed = buffers_after_a_step(network)
    assert "backbone.body.1.running_mean" in changed
    assert all(name.startswith("backbone.body") for name in changed)


def test_dropout_in_a_frozen_backbone_is_off(network):
    freeze_all_but(network, names(network, "head"))
    train_mode(network)
    batch = images()
    assert torch.equal(network(batch), network(batch))


def test_dropout_in_a_backbone_that_trains_is_on(network):
    train_mode(network)
    batch = images()
    assert not torch.equal(network(batch), network(batch))


def test_frozen_parts_train_again_once_they_are_thawed(network):
    freeze_all_but(network, names(network, "head"))
    train_mode(network)
    assert not network.backbone.training
    freeze_all_but(network, names(network, ""))
    train_mode(network)
    assert all(module.training for module in network.modules())


def test_the_whole_head_is_fresh_unless_it_is_said_which_part_is(network):
    assert network.fresh == {"head.weight", "head.bias"}
    head = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3))
    partly = Network(
        SmallNet(classes=0), head, PREPROCESSING, fresh=frozenset({"head.1.weight", "head.1.bias"})
    )
    assert partly.fresh == {"head.1.weight", "head.1.bias"}


class OwnLoss(nn.Linear):
    """A head that computes its own loss."""

    def forward(self, features, targets=None):
        outputs = super().forward(features)
        return outputs if targets is None else {"loss": outputs[range(len(targets)), targets].sum()}


def test_a_head_that_computes_its_own_loss_gets_the_targets():
    network = Network(SmallNet(classes=0), OwnLoss(8, 3), PREPROCESSING).eval()
    batch, targets = images(4), torch.tensor([0, 2, 1, 1])
    with torch.no_grad():
        outputs = network(batch)
        assert outputs.shape == (4, 3)
        expected = outputs[range(4), targets].sum()
        torch.testing.assert_close(network(batch, targets)["loss"], expected)


@torch.no_grad()
def test_an_evaluation_of_several_passes_is_left_out_in_training_and_with_targets():
    calls = []

    def twice(compute, inputs):
        calls.append(len(inputs))
        return torch.cat([compute(inputs[:1]), compute(inputs[1:])])

    network = Network(SmallNet(classes=0), OwnLoss(8, 3), PREPROCESSING, around=twice).eval()
    batch = images(3)
    torch.testing.assert_close(network(batch), network.head(network.features(batch)))
    assert calls == [3]
    network(batch, torch.tensor([0, 1, 2]))
    network.train()(batch)
    assert calls == [3]


@torch.no_grad()
def test_a_tree_of_maps_reaches_the_head_as_it_is():
    class Two(nn.Module):
        def forward(self, x):
            return x, x[:, :, ::2, ::2]

    class Sizes(nn.Module):
        def forward(self, maps):
            return [part.shape[-1] for part in maps]

    network = Network(Two(), Sizes(), PREPROCESSING, features_of=as_they_are)
    assert network(images(2, 32)) == [32, 16]


def test_the_recipe_is_a_copy_of_what_was_given():
    given = {"in_features": 8}
    network = Network(SmallNet(classes=0), nn.Linear(8, 3), PREPROCESSING, recipe=given)
    given["in_features"] = 9
    assert network.recipe == {"in_features": 8}
