"""Several networks as one: each member's own answer is in it, and the average is theirs."""

import copy

import pytest
import torch
from torch import Tensor, nn

from finetrust.models import saved
from finetrust.models.assemble import classifier_network
from finetrust.models.ensemble import apart, ensemble_of, side_by_side
from finetrust.models.ensemble_source import ensemble_architecture
from finetrust.models.head import take_apart
from finetrust.models.inference import Inference
from finetrust.models.network import Network, as_they_are
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Architecture, Provenance, sources
from finetrust.tasks.averages import mean_of_classes, mean_of_maps

from .nets import SmallNet, images, with_used_statistics

PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
PROVENANCE = Provenance("net", "random", "")


def member(seed: int, width: int = 8) -> Network:
    torch.manual_seed(seed)
    backbone = take_apart(SmallNet(0, width), 32).backbone
    network = classifier_network(backbone, nn.Linear(width, 3), PREPROCESSING)
    with_used_statistics(network)
    return network


@torch.no_grad()
def test_it_answers_with_the_mean_probability_of_its_members() -> None:
    members = [member(0), member(1, width=5), member(2)]
    batch = images(4)
    expected = torch.stack([one.eval()(batch).softmax(1) for one in members]).mean(0)
    ensemble = ensemble_of([copy.deepcopy(one) for one in members], mean_of_classes).eval()
    torch.testing.assert_close(ensemble(batch).softmax(1), expected)
    assert ensemble.features(batch).shape == (4, 8 + 5 + 8)
    own = ensemble.head.each(ensemble.features(batch))
    for one, found in zip(members, own, strict=True):
        torch.testing.assert_close(found, one(batch))


@torch.no_grad()
def test_an_ensemble_of_one_is_the_network_bit_for_bit() -> None:
    alone, batch = member(0).eval(), images(3)
    expected = alone(batch)
    assert torch.equal(ensemble_of([alone], mean_of_classes).eval()(batch), expected)


@torch.no_grad()
def test_the_fast_path_answers_the_same() -> None:
    ensemble = ensemble_of([member(0), member(1)], mean_of_classes).eval()
    inference, batch = Inference(ensemble), images(4)
    torch.testing.assert_close(inference(batch), ensemble(batch), rtol=1e-4, atol=1e-4)
    assert not [m for m in inference.backbone.modules() if isinstance(m, nn.BatchNorm2d)]


def test_gradients_reach_every_member() -> None:
    ensemble = ensemble_of([member(0), member(1)], mean_of_classes).eval()
    pixels = torch.rand(1, 3, 32, 32, requires_grad=True)
    ensemble(pixels)[0, 0].backward()
    assert pixels.grad is not None
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in ensemble.head.parameters())


class Maps(nn.Module):
    """Feature maps of two sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 6, 3, 2)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(pixels)
        return fine, self.coarse(fine)


class MapHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.classify = nn.Conv2d(6, 3, 1)

    def forward(self, maps: tuple[Tensor, Tensor]) -> Tensor:
        return self.classify(maps[1]) + maps[0].mean()


@torch.no_grad()
def test_features_may_be_maps_of_several_sizes() -> None:
    members = [Network(Maps(), MapHead(), PREPROCESSING, features_of=as_they_are) for _ in "ab"]
    batch = images(2)
    expected = torch.stack([one.eval()(batch).softmax(1) for one in members]).mean(0)
    ensemble = ensemble_of(members, mean_of_maps).eval()
    torch.testing.assert_close(ensemble(batch).softmax(1), expected)


@pytest.mark.parametrize("shapes", [[(2, 3), (2, 5)], [(2, 7, 3), (2, 7, 4)], [(2, 3, 6, 6)] * 2])
def test_what_was_put_side_by_side_comes_apart(shapes: list[tuple[int, ...]]) -> None:
    parts = [torch.randn(shape) for shape in shapes]
    axis = 1 if parts[0].ndim == 4 else -1
    widths = tuple((part.shape[axis],) for part in parts)
    found = apart(side_by_side(parts), widths)
    assert all(torch.equal(one, other) for one, other in zip(found, parts, strict=True))


def test_it_is_saved_and_loaded_with_members_of_different_architectures(tmp_path) -> None:
    known = [Architecture("finetrust", "glyphnet"), Architecture("torchvision", "mnasnet0_5")]
    members = []
    for seed, one in enumerate(known):
        torch.manual_seed(seed)
        parts = take_apart(sources.get(one.source).build(one.name, "random", {}).module, 32)
        head = nn.Linear(parts.features, 3)
        members.append(
            with_used_statistics(classifier_network(parts.backbone, head, PREPROCESSING))
        )
    ensemble = ensemble_of(members, mean_of_classes).eval()
    architecture = ensemble_architecture(known)
    classes = ("a", "b", "c")
    model = saved.SavedModel(ensemble, "classification", classes, PROVENANCE, architecture)
    saved.save(model, tmp_path / "model")
    loaded = saved.load(tmp_path / "model")
    batch = images(2)
    with torch.no_grad():
        assert torch.equal(loaded.network(batch), ensemble(batch))
    assert loaded.architecture == architecture


def test_members_that_were_modules_in_python_are_built_from_the_one_that_is_given(tmp_path) -> None:
    ensemble = ensemble_of([member(0), member(1)], mean_of_classes).eval()
    assert ensemble_architecture([None, None]) is None
    model = saved.SavedModel(ensemble, "classification", ("a", "b", "c"), PROVENANCE, None)
    saved.save(model, tmp_path / "model")
    loaded = saved.load(tmp_path / "model", SmallNet(0))
    batch = images(2)
    with torch.no_grad():
        assert torch.equal(loaded.network(batch), ensemble(batch))
