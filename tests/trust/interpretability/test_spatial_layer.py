"""The layer with a map is found in every family of networks."""

from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.models.layout import layout_of
from finetrust.trust.interpretability.grad_cam import grad_cam
from finetrust.trust.interpretability.spatial_layer import find_layer

from ..pixels import colour_network


def of_torchvision(name: str, **options: Any) -> Callable[[], nn.Module]:
    return lambda: torchvision.models.get_model(name, weights=None, num_classes=5, **options)


def of_timm(name: str, **options: Any) -> Callable[[], nn.Module]:
    return lambda: timm.create_model(name, pretrained=False, num_classes=5, **options)


FAMILIES = [
    ("resnet18", of_torchvision("resnet18"), 64, (2, 2)),
    ("mobilenet_v3_small", of_torchvision("mobilenet_v3_small"), 64, (2, 2)),
    ("squeezenet1_1", of_torchvision("squeezenet1_1"), 64, (3, 3)),
    ("convnext_tiny", of_torchvision("convnext_tiny"), 64, (2, 2)),
    ("densenet121", of_torchvision("densenet121"), 64, (2, 2)),
    ("swin_t", of_torchvision("swin_t"), 64, (2, 2)),
    ("vit_b_16", of_torchvision("vit_b_16", image_size=32), 32, (2, 2)),
    ("vit_tiny", of_timm("vit_tiny_patch16_224", img_size=64), 64, (4, 4)),
    ("deit_tiny_distilled", of_timm("deit_tiny_distilled_patch16_224", img_size=64), 64, (4, 4)),
    ("swin_tiny", of_timm("swin_tiny_patch4_window7_224", img_size=64, window_size=2), 64, (2, 2)),
    ("mobilenetv1_100", of_timm("mobilenetv1_100"), 64, (2, 2)),
    ("efficientnet_b0", of_timm("efficientnet_b0"), 64, (2, 2)),
    ("mixer_s32", of_timm("mixer_s32_224", img_size=64), 64, (2, 2)),
    ("convnextv2_atto", of_timm("convnextv2_atto"), 64, (2, 2)),
    ("xcit_nano", of_timm("xcit_nano_12_p16_224", img_size=64), 64, (4, 4)),
]


@pytest.mark.parametrize(
    ("build", "size", "places"), [pytest.param(*rest, id=name) for name, *rest in FAMILIES]
)
def test_a_map_on_which_the_logits_depend_is_found(
    build: Callable[[], nn.Module], size: int, places: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    model = build().eval()
    head = [module for module in model.modules() if isinstance(module, nn.Linear)][-1:]
    for linear in head:
        nn.init.normal_(linear.weight)  # some families start with a head of zeros
    images = torch.rand(2, 3, size, size)
    layer = find_layer(model, images[:1])
    outputs: list[Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    logits = model(images)
    handle.remove()
    layout = layout_of(model, outputs[-1], images)
    assert layout is not None
    assert (layout.height, layout.width) == places
    gradient = torch.autograd.grad(logits.max(dim=1).values.sum(), outputs[-1])[0]
    assert layout.channels_first(gradient).abs().amax(dim=(1, 2, 3)).min() > 0
    heat = grad_cam(model, images, logits.argmax(dim=1), layer)
    assert heat.shape == (2, size, size)
    assert heat.isfinite().all()


class Tail(nn.Module):
    """A convolution to 8 x 8 places, then whatever is given."""

    def __init__(self, *tail: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 4, stride=4)
        self.tail = nn.Sequential(*tail)

    def forward(self, images: Tensor) -> Tensor:
        return self.tail(self.conv(images))


FLAT = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
IMAGE = torch.rand(1, 3, 32, 32)


def test_activations_and_pooling_do_not_count() -> None:
    model = Tail(nn.ReLU(), nn.MaxPool2d(2), *FLAT)
    assert find_layer(model, IMAGE) is model.conv


def test_a_map_that_is_thrown_away_is_not_taken() -> None:
    class Forgetful(Tail):
        def forward(self, images: Tensor) -> Tensor:
            kept = self.conv(images)
            self.tail(kept)
            return kept.mean(dim=(2, 3))

    model = Forgetful(nn.Conv2d(4, 4, 3, padding=1))
    assert find_layer(model, IMAGE) is model.conv


def test_a_network_of_ours_is_searched_inside() -> None:
    network = colour_network()
    assert find_layer(network, IMAGE) is network.backbone.maps


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2)),
        nn.Sequential(nn.Conv2d(3, 2, 32), nn.Flatten()),
    ],
    ids=["no convolution", "one place"],
)
def test_a_network_without_a_map_is_told(model: nn.Module) -> None:
    with pytest.raises(NotApplicable, match=r"no layer whose output is a map.*\(32, 32\) pixels"):
        find_layer(model, IMAGE)


def test_mode_gradients_and_hooks_are_left_as_they_are() -> None:
    model = Tail(nn.BatchNorm2d(4), nn.Dropout(), *FLAT).train()
    model.tail[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        find_layer(model, IMAGE)
    assert model.training
    assert not model.tail[1].training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 512, 7, 7), (7, 7, False, 0)),
        ((1, 7, 7, 512), (7, 7, True, 0)),
        ((1, 196, 384), (14, 14, True, 0)),
        ((1, 197, 384), (14, 14, True, 1)),
        ((1, 201, 384), (14, 14, True, 5)),
        ((1, 512, 1, 1), None),
        ((1, 2, 1, 1), None),
        ((1, 9, 1, 2), None),
        ((1, 512), None),
        ((1, 3, 384), None),
    ],
    ids=str,
)
def test_the_layout_of_a_map_is_read_off_its_shape(
    shape: tuple[int, ...], expected: tuple | None
) -> None:
    layout = layout_of(nn.Identity(), torch.zeros(shape), torch.zeros(1, 3, 224, 224))
    found = layout and (layout.height, layout.width, layout.channels_last, layout.prefix)
    assert found == expected


def test_a_wide_image_has_a_wide_map() -> None:
    images = torch.zeros(1, 3, 64, 128)
    for output in (torch.zeros(1, 9, 4, 8), torch.zeros(1, 4, 8, 9), torch.zeros(1, 32, 9)):
        layout = layout_of(nn.Identity(), output, images)
        assert layout is not None
        assert (layout.height, layout.width) == (4, 8)
