import time

import pytest
import torch
from torch import nn
from torch.nn import functional

from finetrust.models.head import take_apart
from finetrust.models.inference import Inference, fold_batch_norm
from finetrust.models.network import Network, as_they_are, flattened
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import sources

from .nets import SmallNet, images, with_used_statistics

PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
FOLDABLE = [
    ("torchvision", "resnet18"),
    ("torchvision", "mobilenet_v2"),
    ("torchvision", "densenet121"),
    ("timm", "mobilenetv1_100"),
    ("timm", "mobilenetv3_small_050"),
    ("timm", "resnet18"),
    ("finetrust", "glyphnet"),
]


def backbone_of(source, name):
    module = sources.get(source).build(name, "random", {}).module
    return with_used_statistics(take_apart(module, 32).backbone)


def network_of(backbone, features=8):
    return Network(backbone, nn.Linear(features, 3), PREPROCESSING).eval()


def norms(module):
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


@pytest.mark.parametrize(("source", "name"), FOLDABLE)
@torch.no_grad()
def test_folding_batch_norm_changes_no_features(source, name):
    backbone = backbone_of(source, name)
    example = torch.randn(2, 3, 32, 32)
    expected = backbone(example)
    before = len(norms(backbone))
    folded = fold_batch_norm(backbone, torch.rand(2, 3, 32, 32))
    assert folded > 0
    assert len(norms(backbone)) == before - folded
    scale = float(expected.abs().max())
    torch.testing.assert_close(backbone(example), expected, rtol=1e-3, atol=1e-4 * scale)


def test_every_batch_norm_of_a_resnet_is_folded():
    backbone = backbone_of("torchvision", "resnet18")
    assert fold_batch_norm(backbone, torch.rand(2, 3, 32, 32)) == 20
    assert norms(backbone) == []


def test_batch_norm_before_a_convolution_is_not_folded():
    backbone = backbone_of("torchvision", "densenet121")
    fold_batch_norm(backbone, torch.rand(2, 3, 32, 32))
    left = norms(backbone)
    assert any(norm is backbone.features.denseblock1.denselayer1.norm1 for norm in left)
    assert any(norm is backbone.features.norm5 for norm in left)
    assert not any(norm is backbone.features.norm0 for norm in left)


class Branching(nn.Module):
    """A convolution whose output is read by a batch norm and by a shortcut around it."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.conv, self.norm, self.scale = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), scale

    def forward(self, x):
        x = self.conv(x)
        return (self.norm(x) + x).mean((2, 3)) * self.scale


class Shared(nn.Module):
    """One convolution under two batch norms."""

    def __init__(self):
        super().__init__()
        self.conv, self.first, self.second = (
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8),
            nn.BatchNorm2d(8),
        )

    def forward(self, x):
        return (self.first(self.conv(x)) * self.second(self.conv(x.flip(3)))).mean((2, 3))


@pytest.mark.parametrize(
    "net",
    [
        Branching(),
        Branching(1e-4),
        Shared(),
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.BatchNorm2d(8)),
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3)),
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, track_running_stats=False)),
    ],
    ids=["branch", "small branch", "shared", "rectifier between", "norm first", "no statistics"],
)
@torch.no_grad()
def test_what_looks_like_a_pair_and_is_none_is_left_alone(net):
    with_used_statistics(net)
    example = torch.rand(2, 3, 32, 32)
    expected = net(example)
    assert fold_batch_norm(net, example) == 0
    torch.testing.assert_close(net(example), expected, rtol=0, atol=0)


@torch.no_grad()
def test_inference_equals_the_network_and_leaves_it_as_it_was():
    network = network_of(with_used_statistics(SmallNet(classes=0)))
    batch = images(5)
    expected = network(batch)
    found = Inference(network)
    torch.testing.assert_close(found(batch), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.outputs(found.features(batch)), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(network(batch), expected)
    assert all(p.requires_grad for p in network.parameters())
    assert len(norms(network)) == 2


class Maps(nn.Module):
    """Maps of two sizes."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(4, 6, 3, 2), nn.BatchNorm2d(6))

    def forward(self, x):
        fine = self.first(x)
        return fine, self.second(fine)


class Heights(nn.Module):
    """One number an item from the mean of each map."""

    def forward(self, maps):
        return torch.stack([part.mean((1, 2, 3)) for part in maps], dim=1)


def network_of_maps():
    torch.manual_seed(0)
    backbone = with_used_statistics(Maps())
    return Network(backbone, Heights(), PREPROCESSING, features_of=as_they_are).eval()


@torch.no_grad()
def test_batch_norm_is_folded_under_maps_of_several_sizes():
    network, batch = network_of_maps(), images(5)
    inference = Inference(network)
    torch.testing.assert_close(inference(batch), network(batch), rtol=1e-4, atol=1e-5)
    assert norms(inference.backbone) == []


def test_maps_of_a_batch_too_large_for_memory_are_joined_map_by_map():
    network, batch = network_of_maps(), images(5)
    expected = Inference(network).features(batch)
    hungry = Inference(network)

    def most_three(module, inputs):
        if len(inputs[0]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hungry.backbone.register_forward_pre_hook(most_three)
    for found, whole in zip(hungry.features(batch), expected, strict=True):
        torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-6)


def test_an_evaluation_of_several_passes_goes_around_the_whole_network():
    def halves(compute, inputs):
        return torch.cat([compute(inputs[:2]), compute(inputs[2:])]) + 1

    torch.manual_seed(0)
    backbone, head = SmallNet(classes=0), nn.Linear(8, 3)
    plain = Network(backbone, head, PREPROCESSING).eval()
    around = Network(backbone, head, PREPROCESSING, around=halves).eval()
    batch = images(5)
    torch.testing.assert_close(
        Inference(around)(batch), Inference(plain)(batch) + 1, rtol=1e-4, atol=1e-5
    )
    assert Inference(around).key == Inference(plain).key


def test_the_size_of_features_is_that_of_what_the_head_reads():
    backbone = SmallNet(classes=0)
    half = Network(backbone, nn.Linear(4, 3), PREPROCESSING, features_of=lambda x: x[:, :4])
    assert Inference(half.eval()).bytes_per_item == 4 * 4
    assert Inference(network_of(backbone)).bytes_per_item == 4 * 8


def test_reduced_precision_still_yields_float32():
    inference = Inference(network_of(SmallNet(classes=0)), "bf16")
    assert inference.features(images()).dtype == inference(images()).dtype == torch.float32


def test_another_head_shares_the_backbone():
    inference = Inference(network_of(SmallNet(classes=0)))
    other = inference.with_head(nn.Linear(8, 7))
    assert other(images()).shape == (2, 7)
    assert inference(images()).shape == (2, 3)
    assert other.backbone is inference.backbone


class Timed(nn.Module):
    """Features by a function, after a sleep in float32 or in bfloat16."""

    def __init__(self, slow, function):
        super().__init__()
        self.slow, self.function = slow, function
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        if x.dtype == self.slow:
            time.sleep(0.03)
        return self.function(functional.adaptive_avg_pool2d(x, 2).flatten(1) * self.weight)


def fastest(slow, function=lambda x: x):
    return Inference.fastest(network_of(Timed(slow, function), 12), images(4)).precision


def test_bf16_is_chosen_where_it_is_faster_and_agrees():
    assert fastest(torch.float32) == "bf16"


def test_bf16_is_not_chosen_where_it_is_slower():
    assert fastest(torch.bfloat16) == "fp32"


def test_bf16_is_not_chosen_where_its_features_differ():
    assert fastest(torch.float32, lambda x: (x + 1e4) - 1e4) == "fp32"


def test_bf16_is_not_chosen_where_its_features_are_no_numbers():
    assert fastest(torch.float32, lambda x: x if x.dtype == torch.float32 else x / 0) == "fp32"


def test_bf16_is_not_chosen_where_it_does_not_run():
    def only_float32(x):
        if x.dtype != torch.float32:
            raise RuntimeError("not implemented for 'BFloat16'")
        return x

    assert fastest(torch.float32, only_float32) == "fp32"


class Hungry(nn.Module):
    """Runs out of memory on batches of more than `most` images."""

    def __init__(self, most, error):
        super().__init__()
        self.most, self.error, self.served = most, error, []

    def forward(self, x):
        if len(x) > self.most:
            raise self.error
        self.served.append(len(x))
        return x.mean((2, 3))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
    ids=["cuda", "cpu"],
)
def test_a_batch_too_large_for_memory_is_halved_until_it_fits(error):
    inference = Inference(network_of(Hungry(3, error), 3))
    batch = images(10)
    found = inference.features(batch)
    torch.testing.assert_close(found, (batch / 255).mean((2, 3)) * 4 - 2)
    assert max(inference.backbone.served) <= 3


@pytest.mark.parametrize(
    ("most", "error"),
    [(2, RuntimeError("mat1 and mat2 shapes cannot be multiplied")), (0, RuntimeError("other"))],
)
def test_other_errors_are_not_taken_for_a_lack_of_memory(most, error):
    network = network_of(Hungry(2, error), 3)
    inference = Inference(network)
    inference.backbone.most = most
    with pytest.raises(RuntimeError, match=str(error)):
        inference.features(images(10))


def test_one_image_too_large_for_memory_is_an_error():
    inference = Inference(network_of(Hungry(2, torch.OutOfMemoryError("CUDA out of memory.")), 3))
    inference.backbone.most = 0
    with pytest.raises(torch.OutOfMemoryError):
        inference.features(images(4))


def key(backbone=None, preprocessing=PREPROCESSING, precision="fp32", features_of=flattened):
    torch.manual_seed(0)
    network = Network(
        backbone or SmallNet(classes=0), nn.Linear(8, 3), preprocessing, features_of=features_of
    )
    return Inference(network, precision).key


class Negated(SmallNet):
    """The same layers and weights, other features."""

    def forward(self, images):
        return -super().forward(images)


Negated.__name__ = "SmallNet"


def test_the_key_is_the_same_for_the_same_network():
    assert key() == key()


def test_the_key_does_not_depend_on_the_head():
    inference = Inference(network_of(SmallNet(classes=0)))
    assert inference.with_head(nn.Linear(8, 7)).key == inference.key


@pytest.mark.parametrize(
    "changed",
    [
        lambda: key(with_used_statistics(SmallNet(classes=0))),
        lambda: key(SmallNet(classes=0, width=7)),
        lambda: key(preprocessing=PREPROCESSING.overridden(mean=(0.5, 0.5, 0.4))),
        lambda: key(preprocessing=PREPROCESSING.overridden(interpolation="bicubic")),
        lambda: key(preprocessing=PREPROCESSING.overridden(input_size=33)),
        lambda: key(precision="bf16"),
        lambda: key(Negated(classes=0)),
        lambda: key(features_of=lambda output: output.flip(1)),
    ],
    ids=["weights", "structure", "mean", "filter", "size", "precision", "forward pass", "features"],
)
def test_the_key_changes_with_all_that_features_depend_on(changed):
    assert changed() != key()
