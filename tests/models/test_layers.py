import pytest
import torch
from torch import nn

from finetrust.models.head import take_apart
from finetrust.models.layers import layer_names
from finetrust.models.source import sources

from .nets import SmallNet

ARCHITECTURES = [
    ("torchvision", "resnet18", 32, 6),
    ("torchvision", "mobilenet_v2", 32, 19),
    ("torchvision", "vit_b_32", 224, 13),
    ("torchvision", "convnext_tiny", 32, 10),
    ("torchvision", "swin_t", 64, 9),
    ("torchvision", "densenet121", 32, 8),
    ("timm", "resnet50", 32, 7),
    ("timm", "vit_tiny_patch16_224", 224, 13),
    ("timm", "convnext_atto", 32, 7),
    ("timm", "swin_tiny_patch4_window7_224", 224, 7),
    ("timm", "mobilenetv3_small_050", 32, 8),
    ("finetrust", "glyphnet", 32, 4),
]


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=lambda case: ":".join(case[:2]))
def case(request):
    source, name, size, count = request.param
    with torch.device("meta"):
        module = sources.get(source).build(name, "random", {}).module
        return take_apart(module, size).backbone.eval(), size, count


def test_every_parameter_is_in_exactly_one_layer(case):
    backbone, _, count = case
    layers = layer_names(backbone)
    listed = [name for _, names in layers for name in names]
    assert sorted(listed) == sorted(name for name, _ in backbone.named_parameters())
    assert len(layers) == count


@torch.no_grad()
def test_layers_come_in_the_order_in_which_they_are_run(case):
    backbone, size, _ = case
    layer_of = {n: i for i, (_, names) in enumerate(layer_names(backbone)) for n in names}
    run = []
    for name, module in backbone.named_modules():
        for parameter, _ in module.named_parameters(recurse=False):
            layer = layer_of[f"{name}.{parameter}" if name else parameter]
            module.register_forward_pre_hook(lambda *_, layer=layer: run.append(layer))
    backbone(torch.rand(2, 3, size, size, device="meta"))
    first_runs = list(dict.fromkeys(run))
    assert first_runs == sorted(first_runs)


def test_no_layer_of_a_deep_network_holds_half_of_it(case):
    backbone, _, _ = case
    sizes = {name: p.numel() for name, p in backbone.named_parameters()}
    shares = [
        sum(sizes[n] for n in names) / sum(sizes.values()) for _, names in layer_names(backbone)
    ]
    assert max(shares) < 0.75


def test_a_norm_belongs_to_the_layer_before_it():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
    )
    assert [len(names) for _, names in layer_names(net)] == [4, 4]


def test_parameters_of_the_backbone_itself_belong_to_the_first_layer():
    net = SmallNet(classes=0)
    net.token = nn.Parameter(torch.zeros(4))
    assert layer_names(net)[0][1][0] == "token"


def test_a_wrapper_around_a_wrapper_is_looked_into():
    inner = SmallNet(classes=0)
    wrapped = nn.ModuleDict({"outer": nn.ModuleDict({"inner": inner})})
    assert len(layer_names(wrapped)) == len(layer_names(inner)) == 2


def test_parameters_alone_are_one_layer():
    net = nn.Module()
    net.weight = nn.Parameter(torch.zeros(2, 2))
    assert layer_names(net) == [("backbone", ("weight",))]


def test_a_backbone_without_parameters_has_no_layers():
    assert layer_names(nn.Flatten()) == []
