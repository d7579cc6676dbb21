"""The heat of a box lies where the features speak for it, and is the gradient times the feature."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network, as_they_are
from finetrust.trust.interpretability.box_heat import box_heat

LETTERBOX = Letterbox(64, 64, "bilinear", (0, 0, 0), (1, 1, 1))
LEFT, RIGHT = [0.0, 16, 24, 40], [40.0, 16, 64, 40]


class Maps(nn.Module):
    """Two maps of stride 8: the red and the green of the image, pooled; and one coarser."""

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        fine = nn.functional.avg_pool2d(images, 8)
        return fine, nn.functional.avg_pool2d(fine, 2)


class Two(nn.Module):
    """Class 0 is the red on the left, class 1 the green on the right; class 2 is never found."""

    def __init__(self, smooth: bool = True) -> None:
        super().__init__()
        self.smooth = smooth
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, features: tuple[Tensor, ...], targets: object = None) -> list[dict]:
        fine = features[0]
        scores = torch.stack([fine[:, 0, :, :3].mean((1, 2)), fine[:, 1, :, 5:].mean((1, 2))], 1)
        if not self.smooth:
            scores = scores.detach()
        return [
            {
                "boxes": fine.new_tensor([LEFT, RIGHT]),
                "scores": of_image,
                "labels": torch.tensor([0, 1]),
                "canvas": torch.tensor([64, 64]),
            }
            for of_image in scores
        ]


def network(smooth: bool = True) -> Network:
    return Network(Maps(), Two(smooth), LETTERBOX, features_of=as_they_are)


def picture() -> Tensor:
    image = torch.zeros(3, 64, 64, dtype=torch.uint8)
    image[0, 16:40, 0:24] = 255
    image[1, 16:40, 40:64] = 255
    return image


@pytest.mark.parametrize(("label", "box"), [(0, LEFT), (1, RIGHT)])
def test_the_heat_of_a_box_lies_in_it(label: int, box: list[float]) -> None:
    heat = box_heat(network(), picture(), np.array(box), label)
    x1, y1, x2, y2 = (int(x) for x in box)
    assert heat.shape == (64, 64)
    assert heat.max() == 1
    assert heat.min() >= 0
    assert heat[y1:y2, x1:x2].sum() > 0.75 * heat.sum()
    assert heat[20:36, 28:36].max() < 0.6


def test_it_is_feature_times_gradient() -> None:
    heat = box_heat(network(), picture(), np.array(LEFT), 0)
    fine = Maps()(picture()[None].float() / 255)[0][0, 0]
    expected = torch.zeros(8, 8)
    expected[:, :3] = fine[:, :3] / 24
    large = nn.functional.interpolate(expected[None, None], (64, 64), mode="bilinear")[0, 0]
    assert np.allclose(heat, (large / large.max()).numpy(), atol=1e-6)


def test_a_box_that_nothing_is_near_has_no_heat() -> None:
    assert box_heat(network(), picture(), np.array(LEFT), 1) is None
    assert box_heat(network(), picture(), np.array(LEFT), 2) is None


def test_the_network_is_left_as_it_was() -> None:
    net = network().train()
    before = copy.deepcopy(net.state_dict())
    box_heat(net, picture(), np.array(LEFT), 0)
    assert net.training
    assert all(p.grad is None for p in net.parameters())
    assert all(torch.equal(t, before[n]) for n, t in net.state_dict().items())


def test_scores_without_a_gradient_have_no_heat_map() -> None:
    with pytest.raises(NotApplicable, match="no gradient"):
        box_heat(network(smooth=False), picture(), np.array(LEFT), 0)


def test_a_detector_that_reads_pixels_has_no_heat_map() -> None:
    net = Network(nn.Identity(), Two(), LETTERBOX, features_of=as_they_are)
    with pytest.raises(NotApplicable, match="Two reads the pixels themselves"):
        box_heat(net, picture(), np.array(LEFT), 0)
