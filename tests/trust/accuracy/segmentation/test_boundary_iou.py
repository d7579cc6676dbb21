import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.segmentation.boundary_iou import boundary_iou

from .maps import blocks, table_of_labels


def test_a_mask_that_is_met_has_a_boundary_iou_of_one() -> None:
    masks = blocks(0, 4)
    predicted = [np.where(mask == 255, 0, mask) for mask in masks]
    found = list(boundary_iou(Evidence(table_of_labels(masks, predicted, 4))))
    assert [estimate.value for estimate in found] == [1.0] * 5


def test_a_shifted_border_costs_more_than_its_pixels() -> None:
    mask = np.zeros((80, 120), np.uint8)
    mask[:, 60:] = 1
    shifted = np.zeros((80, 120), np.uint8)
    shifted[:, 64:] = 1
    whole, left, right = boundary_iou(Evidence(table_of_labels([mask], [shifted], 2)))
    # Borders are round(0.02 * 144.2) = 3 wide. Those of the halves, 80 x 60, are met at the edge of the
    # image and missed along the middle, where 4 columns lie between them.
    ring, longer, shorter = (80 * width - 74 * (width - 6) for width in (60, 64, 56))
    met_left, met_right = 6 * 60 + 3 * 74, 6 * 56 + 3 * 74
    assert left.value == met_left / (ring + longer - met_left)
    assert right.value == met_right / (ring + shorter - met_right)
    assert whole.value == pytest.approx((left.value + right.value) / 2)
    assert left.value < 60 / 64
