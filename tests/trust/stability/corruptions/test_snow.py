"""Snow falls down, not sideways, and looks the same turned round."""

import pytest
import torch

from finetrust.trust.stability.corruptions.catalogue import corruptions


@pytest.mark.parametrize("size", [64, 224])
def test_flakes_fall_within_45_degrees_of_the_vertical(size: int) -> None:
    black = torch.zeros(40, 3, size, size)
    fallen = corruptions.get("snow")(black, 5, torch.arange(40))[:, 0]
    flakes = fallen - fallen.mean(dim=(1, 2), keepdim=True)
    along = (flakes[:, 4:] * flakes[:, :-4]).mean(dim=(1, 2))
    across = (flakes[..., 4:] * flakes[..., :-4]).mean(dim=(1, 2))
    assert (along > across).float().mean() > 0.75


def test_the_second_layer_is_the_first_turned_round() -> None:
    black = torch.zeros(2, 3, 96, 96)
    fallen = corruptions.get("snow")(black, 3, torch.arange(2))
    torch.testing.assert_close(fallen, fallen.flip(2, 3), rtol=0, atol=1e-6)
