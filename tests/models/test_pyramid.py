"""The pyramid finds the last map of each stride in any backbone, and survives copies and folding."""

import copy
from collections.abc import Callable

import pytest
import timm
import torch
from torch import nn
from torchvision import models

from finetrust.core.errors import UserError
from finetrust.models.inference import fold_batch_norm
from finetrust.models.layers import layer_names
from finetrust.models.maps import last_map, watch
from finetrust.models.pyramid import pyramid_of

SIZE = (64, 96)


def mobilenet_v1() -> nn.Module:
    model = timm.create_model("mobilenetv1_100", pad_type="same", num_classes=0)
    model.blocks[4] = model.blocks[4][:1]
    return model


FAMILIES: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...], tuple[int, ...]]] = {
    "resnet18": (models.resnet18, ("layer2", "layer3", "layer4"), (128, 256, 512)),
    "mobilenet_v3_small": (
        models.mobilenet_v3_small,
        ("features.3", "features.8", "features"),
        (24, 48, 576),
    ),
    "regnet_y_400mf": (
        models.regnet_y_400mf,
        ("trunk_output.block2", "trunk_output.block3", "trunk_output"),
        (104, 208, 440),
    ),
    "vgg11_bn": (
        models.vgg11_bn,
        ("features.20", "features.27", "features"),
        (512, 512, 512),
    ),
    "timm convnext": (
        lambda: timm.create_model("convnext_atto"),
        ("stages.1", "stages.2", "stages"),
        (80, 160, 320),
    ),
    "timm efficientnet": (
        lambda: timm.create_model("efficientnet_lite0"),
        ("blocks.2", "blocks.4", "blocks"),
        (40, 112, 320),
    ),
    "timm mobilenet v1 that is cut": (
        mobilenet_v1,
        ("blocks.2", "blocks.3", "blocks"),
        (256, 512, 1024),
    ),
    "timm swin, channels last": (
        lambda: timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1)),
        ("layers.1", "layers.2", "layers"),
        (192, 384, 768),
    ),
    "torchvision swin, channels last": (
        lambda: models.SwinTransformer([4, 4], 32, [1, 1, 1, 1], [1, 1, 1, 1], [7, 7]),
        ("features.3", "features.5", "features"),
        (64, 128, 256),
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_last_map_of_each_stage_is_found(name: str) -> None:
    build, names, channels = FAMILIES[name]
    pyramid = pyramid_of(build(), SIZE)
    assert pyramid.names == names
    assert pyramid.strides == (8, 16, 32)
    assert pyramid.channels == channels
    maps = pyramid.eval()(torch.rand(2, 3, *SIZE))
    assert [tuple(m.shape) for m in maps] == [
        (2, c, SIZE[0] // s, SIZE[1] // s) for c, s in zip(channels, (8, 16, 32), strict=True)
    ]


def test_the_maps_are_those_that_the_network_computes() -> None:
    model = models.resnet18().eval()
    images = torch.rand(2, 3, *SIZE)
    x = model.maxpool(model.relu(model.bn1(model.conv1(images))))
    two = model.layer2(model.layer1(x))
    three = model.layer3(two)
    expected = (two, three, model.layer4(three))
    for found, wanted in zip(pyramid_of(model, SIZE)(images), expected, strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("prefix", [0, 1])
def test_a_vision_transformer_yields_its_one_map_without_its_class_token(prefix: int) -> None:
    model = timm.models.VisionTransformer(
        img_size=64, embed_dim=12, depth=2, num_heads=2, class_token=bool(prefix), global_pool="avg"
    )
    seen: list[torch.Tensor] = []
    model.blocks.register_forward_hook(lambda m, i, o: seen.append(o))
    pyramid = pyramid_of(model, 64).eval()
    (found,) = pyramid(torch.rand(2, 3, 64, 64))
    assert (pyramid.strides, pyramid.channels) == ((16,), (12,))
    assert torch.equal(found[1, :, 2, 3], seen[-1][1, prefix + 2 * 4 + 3])


def test_a_timm_transformer_is_given_the_size_of_the_images() -> None:
    model = timm.create_model("vit_tiny_patch16_224", depth=1)
    (found,) = pyramid_of(model, SIZE).eval()(torch.rand(1, 3, *SIZE))
    assert found.shape == (1, 192, 4, 6)


def test_another_size_of_images_gives_maps_of_another_size() -> None:
    pyramid = pyramid_of(timm.create_model("convnext_atto"), SIZE).eval()
    assert [m.shape[-1] for m in pyramid(torch.rand(1, 3, 128, 160))] == [20, 10, 5]


def test_a_copy_has_taps_of_its_own() -> None:
    pyramid = pyramid_of(models.resnet18(), SIZE).eval()
    twin = copy.deepcopy(pyramid)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    images = torch.rand(1, 3, *SIZE)
    assert all(float(m.detach().abs().max()) > 0 for m in pyramid(images))
    assert all(float(m.detach().abs().max()) == 0 for m in twin(images))


def test_nothing_after_the_last_map_is_run_or_kept() -> None:
    model = models.vgg11()
    model.classifier = nn.Sequential(nn.Linear(1, 3))  # fits no image
    pyramid = pyramid_of(model, SIZE)
    assert not [name for name, _ in pyramid.named_parameters() if "classifier" in name]
    assert pyramid.train()(torch.rand(1, 3, *SIZE))[-1].shape == (1, 512, 2, 3)


def test_parameters_keep_their_names_behind_one_prefix() -> None:
    names = {f"body.{name}" for name in models.resnet18().state_dict() if not name.startswith("fc")}
    assert set(pyramid_of(models.resnet18(), SIZE).state_dict()) == names


def test_its_layers_are_those_of_the_backbone() -> None:
    layers = [name for name, _ in layer_names(pyramid_of(models.resnet18(), SIZE))]
    assert layers[-2:] == ["body.layer4.0", "body.layer4.1"]


@pytest.mark.parametrize("build", [models.resnet18, models.vgg11_bn, mobilenet_v1])
def test_folding_batch_norm_leaves_the_maps_as_they_are(build: Callable[[], nn.Module]) -> None:
    pyramid = pyramid_of(build(), SIZE).eval().requires_grad_(False)
    for module in pyramid.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
    images = torch.rand(1, 3, *SIZE)
    expected = pyramid(images)
    assert fold_batch_norm(pyramid, images) > 5
    for found, wanted in zip(pyramid(images), expected, strict=True):
        assert torch.allclose(found, wanted, atol=1e-3 * float(wanted.abs().max()))


def test_gradients_reach_every_parameter() -> None:
    pyramid = pyramid_of(mobilenet_v1(), SIZE).train()
    sum(m.sum() for m in pyramid(torch.rand(2, 3, *SIZE))).backward()
    assert all(p.grad is not None for p in pyramid.parameters())


def test_strides_that_a_network_lacks_are_left_out() -> None:
    assert pyramid_of(models.resnet18(), SIZE, (4, 8, 64)).strides == (4, 8)


def test_a_network_without_any_of_the_strides_yields_its_coarsest_map() -> None:
    tiny = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU())
    pyramid = pyramid_of(tiny, 32)
    assert (pyramid.strides, pyramid.channels) == ((4,), (8,))


def test_a_network_without_maps_is_an_error() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 8))
    with pytest.raises(UserError, match="no layer that yields a map of an image of 32x32 pixels"):
        pyramid_of(flat, 32)


def test_a_network_that_does_not_take_the_size_is_an_error() -> None:
    with pytest.raises(UserError, match="does not accept an RGB image of 64x96 pixels"):
        pyramid_of(models.VisionTransformer(32, 16, 1, 2, 16, 32), SIZE)


def test_the_wide_middle_of_a_block_is_passed_over() -> None:
    model = models.mobilenet_v3_small().eval()
    records, error = watch(model, torch.rand(1, 3, *SIZE))
    assert error is None
    assert "features.4.block.0" in {r.name for r in records if r.stride == 8}
    assert last_map(records, 8).name == "features.3"
