"""What stands in for gone pixels: known colours, and the rest of the image untouched."""

import pytest
import torch
from scipy.ndimage import gaussian_filter

from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements


@pytest.mark.parametrize("name", ["black", "blur", "mean", "noisy_linear"])
def test_what_is_left_stays_and_a_draw_depends_on_the_seed_of_the_item_alone(name: str) -> None:
    images, seeds = torch.rand(3, 3, 12, 15), torch.tensor([5, 9, 2])
    gone = torch.rand(4, 3, 12, 15) < 0.4
    shown = replacements.get(name)(images, seeds)(gone)
    assert shown.shape == (4, 3, 3, 12, 15)
    left = ~gone.unsqueeze(2).expand_as(shown)
    assert torch.equal(shown[left], images.expand_as(shown)[left])
    alone = replacements.get(name)(images[1:2], seeds[1:2])(gone[2:3, 1:2])
    torch.testing.assert_close(alone[0, 0], shown[2, 1], atol=1e-6, rtol=0)


def test_black_mean_and_blur_are_what_they_say() -> None:
    images, seeds = torch.rand(2, 3, 28, 28), torch.arange(2)
    everything = torch.ones(1, 2, 28, 28, dtype=torch.bool)
    assert replacements.get("black")(images, seeds)(everything).count_nonzero() == 0
    found = replacements.get("mean")(images, seeds)(everything)[0]
    torch.testing.assert_close(found[1, 2], torch.full((28, 28), images[1, 2].mean().item()))
    blurred = gaussian_filter(images[0, 1].numpy(), 1.25, mode="nearest")
    found = replacements.get("blur")(images, seeds)(everything)[0, 0, 1]
    torch.testing.assert_close(found, torch.from_numpy(blurred), atol=1e-5, rtol=0)


def test_they_are_registered() -> None:
    assert replacements.names() == ["black", "blur", "mean", "noisy_linear"]
