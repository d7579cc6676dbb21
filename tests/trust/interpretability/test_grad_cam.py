"""Grad-CAM agrees with captum and pytorch-grad-cam, and finds what is planted."""

import pytest
import timm
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.grad_cam import grad_cam

from ..pixels import SIZE, colour_network, red_and_blue_squares


def small_cnn(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 5),
    ).eval()


def as_heat(raw: Tensor, size: int) -> Tensor:
    """Return rectified maps (n, 1, h, w) enlarged to the image and divided by their maximum."""
    enlarged = F.interpolate(raw, size=(size, size), mode="bilinear", align_corners=False)
    return (enlarged / enlarged.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)).squeeze(1)


@pytest.mark.parametrize("layer", [0, 1, 3], ids=["convolution", "batch norm", "last convolution"])
def test_it_agrees_with_captum_on_the_same_layer(layer: int) -> None:
    model, images = small_cnn(), torch.rand(6, 3, 30, 30)
    targets = torch.arange(6) % 5
    raw = LayerGradCam(model, model[layer]).attribute(images, targets, relu_attributions=True)
    found = grad_cam(model, images, targets, model[layer])
    torch.testing.assert_close(found, as_heat(raw.detach(), 30), rtol=1e-4, atol=1e-5)


def test_it_agrees_with_captum_on_a_network_of_timm() -> None:
    torch.manual_seed(0)
    model = timm.create_model("mobilenetv1_100", pretrained=False, num_classes=7).eval()
    images, targets = torch.rand(2, 3, 64, 64), torch.tensor([3, 5])
    raw = LayerGradCam(model, model.blocks).attribute(images, targets, relu_attributions=True)
    found = grad_cam(model, images, targets, model.blocks)
    torch.testing.assert_close(found, as_heat(raw.detach(), 64), rtol=1e-3, atol=1e-4)


def test_it_agrees_with_pytorch_grad_cam_on_the_tokens_of_a_transformer() -> None:
    reference = pytest.importorskip("pytorch_grad_cam")
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def places(tokens: Tensor) -> Tensor:
        return tokens[:, 1:].reshape(len(tokens), 4, 4, -1).permute(0, 3, 1, 2)

    torch.manual_seed(0)
    model = timm.create_model(
        "vit_tiny_patch16_224", pretrained=False, num_classes=5, img_size=64, depth=2
    ).eval()
    nn.init.normal_(model.head.weight)
    images, layer = torch.rand(2, 3, 64, 64), model.blocks[-1].norm1
    with reference.GradCAM(model, [layer], reshape_transform=places) as cam:
        cam(images, [ClassifierOutputTarget(3), ClassifierOutputTarget(1)])
        activations, gradients = (
            part[0].detach().numpy()
            for part in (cam.activations_and_grads.activations, cam.activations_and_grads.gradients)
        )
        raw = cam.get_cam_image(images, layer, None, activations, gradients, False)
    expected = as_heat(torch.from_numpy(raw).float().relu()[:, None], 64)
    found = grad_cam(model, images, torch.tensor([3, 1]), layer)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_it_peaks_on_the_square_that_the_network_reads() -> None:
    pixels, targets = red_and_blue_squares(4)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    heat = grad_cam(colour_network(), images, torch.from_numpy(targets))
    square = torch.zeros(4, SIZE, SIZE)
    square[0::2, 4:12, 4:12] = 1
    square[1::2, 20:28, 20:28] = 1
    assert (heat[:, 8, 8] == torch.tensor([1.0, 0, 1, 0])).all()
    assert (heat[:, 24, 24] == torch.tensor([0, 1.0, 0, 1])).all()
    assert (heat * square).sum() > 0.75 * heat.sum()


def test_it_is_the_rectified_map_of_the_class_where_that_can_be_written_down() -> None:
    pixels, _ = red_and_blue_squares(1)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    difference = F.avg_pool2d(images[:, :1] - images[:, 2:], 2).relu()
    found = grad_cam(colour_network(), images, torch.tensor([0]))
    torch.testing.assert_close(found, as_heat(difference, SIZE), rtol=1e-4, atol=1e-5)


def test_a_class_that_no_place_speaks_for_has_an_empty_map() -> None:
    pixels, targets = red_and_blue_squares(2)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    other = torch.from_numpy(1 - targets)
    assert grad_cam(colour_network(), images, other).count_nonzero() == 0


@given(st.integers(0, 50), st.permutations(range(4)))
def test_maps_lie_within_0_and_1_and_do_not_depend_on_the_batch(
    seed: int, order: list[int]
) -> None:
    model = small_cnn(seed)
    images, targets = torch.rand(4, 3, 16, 16), torch.tensor([0, 1, 2, 3])
    heat = grad_cam(model, images, targets)
    assert heat.shape == (4, 16, 16)
    assert heat.min() >= 0
    assert set(heat.amax(dim=(1, 2)).tolist()) <= {0.0, 1.0}
    mixed = grad_cam(model, images[order], targets[order])
    torch.testing.assert_close(mixed, heat[order], rtol=1e-3, atol=1e-4)


def test_a_frozen_network_in_training_mode_is_explained_and_left_as_it_is() -> None:
    model = small_cnn()
    images, targets = torch.rand(2, 3, 16, 16), torch.tensor([0, 1])
    expected = grad_cam(model, images, targets)
    model.requires_grad_(False).train()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    kept = images.clone()
    with torch.inference_mode():
        found = grad_cam(model, images, targets)
    torch.testing.assert_close(found, expected)
    assert [module.training for module in model] == [True, False, *[True] * 6]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.equal(images, kept)
    assert torch.is_grad_enabled()


def test_a_layer_without_a_map_is_refused() -> None:
    model = small_cnn()
    with pytest.raises(NotApplicable, match=r"output \(1, 64\) of Flatten is no map"):
        grad_cam(model, torch.rand(1, 3, 16, 16), torch.tensor([0]), model[6])
