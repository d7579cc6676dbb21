"""Occlusion is captum's, and what it hides is put back as the mean colour."""

import pytest
import torch
from captum.attr import Occlusion as CaptumOcclusion

from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.attributions.occlusion import Occlusion

from .networks import Linear, cnn, images_of

TARGETS = torch.tensor([1, 3])


@pytest.mark.parametrize("share", [3, 4, 6])
def test_it_is_captums_where_the_windows_fit(share: int) -> None:
    network, images, side = cnn(), images_of(2), 24 // share
    black = torch.zeros(1, 3, 24, 24)
    theirs = CaptumOcclusion(network).attribute(
        images, (3, side, side), (3, side // 2, side // 2), 0.0, TARGETS
    )
    found = Occlusion(share)(Explained(network, baselines=black), images, TARGETS)
    torch.testing.assert_close(found, theirs[:, 0].detach(), rtol=1e-3, atol=1e-5)


def test_of_a_linear_network_a_single_pixel_drops_its_own_part() -> None:
    network, images = Linear(8), images_of(2, 8)
    found = Occlusion(8)(Explained(network), images, TARGETS)
    mean = images.mean(dim=(2, 3), keepdim=True)
    expected = ((images - mean) * network.weights[TARGETS].detach()).sum(dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_windows_reach_the_far_edges_of_any_size() -> None:
    images = images_of(2)[:, :, :, :17]
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 24 * 17, 4))
    found = Occlusion(5)(Explained(network), images, TARGETS)
    assert found.shape == (2, 24, 17)
    assert (found[:, -1] != 0).all()
    assert (found[:, :, -1] != 0).all()
