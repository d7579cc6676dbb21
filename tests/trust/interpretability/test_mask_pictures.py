import numpy as np
import pytest
import torch
from torch import nn

from finetrust.core.errors import NotApplicable
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network, as_they_are
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.trust.interpretability.mask_pictures import chosen, class_iou, palette
from finetrust.trust.interpretability.seg_grad_cam import seg_grad_cam

from ..accuracy.segmentation.maps import table_of_labels

BOX = Letterbox(64, 96, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Bright(nn.Module):
    """Channel 0 is how bright a place of 4 x 4 pixels is, channel 1 how dark."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        bright = nn.functional.avg_pool2d(images.mean(1, keepdim=True), 4)
        return torch.cat([bright, 1 - bright], 1)


class Scores(nn.Module):
    """Class 0 reads the first channel, class 1 the second."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, maps: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        return self.scale * (maps[0] if isinstance(maps, tuple) else maps)


def network(preprocessing: Letterbox = BOX) -> Network:
    around = preprocessing.around if isinstance(preprocessing, Windows) else None
    return Network(Bright(), Scores(), preprocessing, features_of=as_they_are, around=around)


def half_bright(width: int = 96) -> torch.Tensor:
    image = torch.zeros(3, 64, width, dtype=torch.uint8)
    image[:, :, : width // 2] = 255
    return image


@pytest.mark.parametrize(("target", "hot"), [(0, slice(0, 40)), (1, slice(56, 96))])
def test_the_heat_lies_where_the_class_is_seen(target: int, hot: slice) -> None:
    (heat,) = seg_grad_cam(network(), half_bright()[None], target)
    assert heat.shape == (64, 96)
    assert float(heat.max()) == 1
    assert (heat[:, hot] > 0.9).all()
    assert heat.sum() < 1.2 * 64 * 48


def test_through_windows_it_lies_there_too() -> None:
    windows = Windows(64, 64, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    (heat,) = seg_grad_cam(network(windows), [half_bright(160)], 0)
    assert heat.shape == (64, 160)
    assert (heat[:, :56] > 0.3).all()
    assert (heat[:, 100:] < 0.05).all()


def test_without_a_pixel_of_the_class_there_is_no_heat() -> None:
    (heat,) = seg_grad_cam(network(), torch.full((1, 3, 64, 96), 255, dtype=torch.uint8), 1)
    assert not heat.any()


def test_another_network_may_tell_which_pixels_are_asked_about() -> None:
    class Never(Scores):
        """Class 0 is never predicted."""

        def forward(self, maps: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
            return super().forward(maps) + torch.tensor([-9.0, 9.0])[:, None, None]

    changed = Network(Bright(), Never(), BOX, features_of=as_they_are)
    images = half_bright()[None]
    assert not seg_grad_cam(changed, images, 0)[0].any()
    (heat,) = seg_grad_cam(changed, images, 0, network())
    torch.testing.assert_close(heat, seg_grad_cam(network(), images, 0)[0])


def test_the_network_is_left_as_it_was() -> None:
    net = network().train()
    seg_grad_cam(net, half_bright()[None], 0)
    assert net.training
    assert all(parameter.grad is None for parameter in net.parameters())


def test_a_map_of_one_place_is_none() -> None:
    class Pooled(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((2, 3), keepdim=True)

    net = Network(Pooled(), Scores(), BOX, features_of=as_they_are)
    with pytest.raises(NotApplicable, match="one place only"):
        seg_grad_cam(net, half_bright()[None], 0)


def test_the_iou_of_each_class_in_each_image() -> None:
    mask = np.zeros((32, 48), np.uint8)
    predicted = mask.copy()
    predicted[:, 36:] = 1
    iou = class_iou(table_of_labels([mask, mask], [predicted, mask], 3))
    np.testing.assert_array_equal(iou, [[0.75, 0, np.nan], [1, np.nan, np.nan]])


def test_the_worst_come_first_and_the_rest_is_drawn() -> None:
    iou = np.array([0.5, np.nan, 0.1, 0.9, 0.3, 0.8])
    worst, others = chosen(iou, 2, seed=0)
    assert worst.tolist() == [2, 4]
    assert set(others.tolist()) < {0, 3, 5}
    assert len(others) == 2
    assert [part.tolist() for part in chosen(iou, 9, seed=0)] == [[2, 4, 0, 5, 3], []]


def test_the_colours_of_classes_are_far_from_each_other() -> None:
    colours = palette(24).astype(int)
    distance = np.abs(colours[:, None] - colours).sum(2) + 999 * np.eye(24, dtype=int)
    assert distance.min() > 80
    assert len({tuple(colour) for colour in palette(254).tolist()}) == 254
