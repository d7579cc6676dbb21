"""Class activation maps are those of pytorch-grad-cam and captum, on the same layer."""

import numpy as np
import pytest
import timm
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAMPlusPlus, LayerCAM, ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.layer_features import heat_of

from .networks import SIZE, cnn, images_of

TARGETS = torch.tensor([1, 3, 0])


def raw_maps(
    reference: type, network: nn.Module, layer: nn.Module, images: Tensor, reshape: object = None
) -> Tensor:
    """Return the maps of pytorch-grad-cam before it rectifies, enlarges and scales them."""
    targets = [ClassifierOutputTarget(int(target)) for target in TARGETS]
    with reference(network, [layer], reshape_transform=reshape) as cam:
        cam(images, targets)
        seen = cam.activations_and_grads
        features = seen.activations[0].detach().numpy()
        gradients = seen.gradients[0].detach().numpy() if seen.gradients else None
        raw = cam.get_cam_image(images, layer, targets, features, gradients, False)
    return torch.from_numpy(np.asarray(raw)).float()


def test_grad_cam_is_captums() -> None:
    network, images = cnn(), images_of(3)
    raw = LayerGradCam(network, network[3]).attribute(images, TARGETS)[:, 0].detach()
    found = attributions.get("grad_cam")(Explained(network, network[3]), images, TARGETS)
    expected = heat_of(raw, images.shape[-2:])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert expected.amax() == 1


@pytest.mark.parametrize("layer", [4, 6])
@pytest.mark.parametrize(
    ("name", "reference"), [("grad_cam_plus_plus", GradCAMPlusPlus), ("layer_cam", LayerCAM)]
)
def test_it_is_that_of_pytorch_grad_cam(name: str, reference: type, layer: int) -> None:
    network, images = cnn(), images_of(3)
    network[-1].weight.data *= 30  # the reference adds 1e-6 to squares of gradients
    raw = raw_maps(reference, network, network[layer], images)
    found = attributions.get(name)(Explained(network, network[layer]), images, TARGETS)
    torch.testing.assert_close(found, heat_of(raw, images.shape[-2:]), rtol=1e-3, atol=1e-3)
    assert (found.flatten(1).amax(dim=1) == 1).all()


def test_layer_cam_is_that_of_pytorch_grad_cam_on_the_tokens_of_a_transformer() -> None:
    def places(tokens: Tensor) -> Tensor:
        return tokens[:, 1:].reshape(len(tokens), 4, 4, -1).permute(0, 3, 1, 2)

    torch.manual_seed(0)
    network = timm.create_model(
        "vit_tiny_patch16_224", pretrained=False, num_classes=5, img_size=64, depth=2
    ).eval()
    nn.init.normal_(network.head.weight)
    images, layer = images_of(3, 64), network.blocks[-1].norm1
    raw = raw_maps(LayerCAM, network, layer, images, places)
    found = attributions.get("layer_cam")(Explained(network, layer), images, TARGETS)
    torch.testing.assert_close(found, heat_of(raw, images.shape[-2:]), rtol=1e-3, atol=1e-4)


class AsLarge(nn.Module):
    """A layer as large as the image: how its maps are enlarged does not matter."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 7, 3, padding=1)
        self.head = nn.Linear(7 * 9, 5)

    def forward(self, images: Tensor) -> Tensor:
        features = self.conv(images).relu()
        return 5 * self.head(nn.functional.adaptive_avg_pool2d(features, 3).flatten(1))


def test_score_cam_is_that_of_pytorch_grad_cam() -> None:
    network, images = AsLarge().eval(), images_of(3)
    raw = raw_maps(ScoreCAM, network, network.conv, images)
    black = torch.zeros(1, 3, SIZE, SIZE)
    explained = Explained(network, network.conv, baselines=black)
    found = attributions.get("score_cam")(explained, images, TARGETS)
    torch.testing.assert_close(found, heat_of(raw, images.shape[-2:]), rtol=1e-3, atol=1e-4)
    other = attributions.get("score_cam")(Explained(network, network.conv), images, TARGETS)
    assert not torch.allclose(other, found, atol=1e-3)
