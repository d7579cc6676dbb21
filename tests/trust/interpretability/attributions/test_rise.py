"""RISE estimates the mean probability given that a pixel is seen."""

import pytest
import torch
from torch import Tensor, nn

from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.attributions.rise import Rise

from .networks import cnn, images_of

TARGET = torch.zeros(1, dtype=torch.int64)


class OnePixel(nn.Module):
    """The probability of class 0 is the brightness of one pixel."""

    def forward(self, images: Tensor) -> Tensor:
        p = images[:, 0, 12, 12].clamp(1e-6, 1 - 1e-6)
        return torch.stack([p.log(), (1 - p).log()], dim=1)


def test_a_pixel_far_from_the_one_that_counts_has_its_mean() -> None:
    """There the masks are independent: the mean is that of a mask, a half of the brightness."""
    image = torch.full((1, 3, 24, 24), 0.8)
    explained = Explained(OnePixel(), baselines=torch.zeros(1, 3, 24, 24))
    heat = Rise(masks=4000)(explained, image, TARGET)[0]
    assert heat.argmax() == 12 * 24 + 12
    for corner in (heat[0, 0], heat[0, -1], heat[-1, 0], heat[-1, -1]):
        assert float(corner) == pytest.approx(0.4, abs=0.02)
    # E[m^2] / E[m] lies between 1/2 (a mask that is always a half) and 1 (one of 0 and 1 only).
    assert 0.55 < float(heat[12, 12]) / 0.8 < 0.9


def test_it_is_the_weighted_mean_over_the_masks() -> None:
    """Masks are read off a network that says what it sees, through white on black."""
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images[:, 0].clone())
            return torch.zeros(len(images), 2)

    white, black = torch.ones(1, 3, 24, 24), torch.zeros(1, 3, 24, 24)
    method = Rise(masks=200)
    method(Explained(Watching(), baselines=black), white, TARGET)
    masks = torch.cat(seen)
    assert masks.shape == (200, 24, 24)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert float(masks.mean()) == pytest.approx(0.5, abs=0.03)
    assert masks.flatten(1).unique(dim=0).shape[0] == 200

    network, image = cnn(), images_of(1)
    with torch.no_grad():
        scores = network(masks[:, None] * image).softmax(dim=1)[:, 0]
    expected = (scores[:, None, None] * masks).sum(dim=0) / masks.sum(dim=0)
    found = method(Explained(network, baselines=black), image, TARGET)[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_what_does_not_depend_on_the_image_adds_no_noise() -> None:
    class Constant(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.zeros(len(images), 4)

    heat = Rise(masks=50)(Explained(Constant()), images_of(1), TARGET)
    torch.testing.assert_close(heat, torch.full((1, 24, 24), 0.25))
