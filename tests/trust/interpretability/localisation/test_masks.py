"""Boxes become the pixels whose centres they hold."""

import torch

from finetrust.trust.interpretability.localisation.masks import masks_of_boxes


def test_a_box_is_the_pixels_whose_centres_it_holds() -> None:
    boxes = [torch.tensor([[1.0, 2, 3, 4], [5.4, 0.6, 6.6, 9]]), torch.zeros(0, 4)]
    masks = masks_of_boxes(boxes, 6, 8)
    expected = torch.zeros(6, 8, dtype=torch.bool)
    expected[2:4, 1:3] = True
    expected[1:6, 5:7] = True
    assert torch.equal(masks[0], expected)
    assert not masks[1].any()
    assert masks_of_boxes([], 6, 8).shape == (0, 6, 8)
