"""Logits at a quarter of the canvas, whatever the strides of the maps that they come from."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4


class AtQuarter(nn.Module):
    """A head whose logits are brought to a quarter of the canvas, so that their scale is known.

    Parameters
    ----------
    head : nn.Module
        Feature maps to logits (n, k, h, w) of the canvas at any scale.
    canvas : (int, int)
        Height and width of the images, in pixels; multiples of 4.
    """

    def __init__(self, head: nn.Module, canvas: tuple[int, int]) -> None:
        super().__init__()
        self.head = head
        self.size = canvas[0] // STRIDE, canvas[1] // STRIDE

    def forward(self, maps: Any) -> Tensor:
        """Map feature maps to logits (n, k, height / 4, width / 4)."""
        logits = self.head(maps)
        if logits.shape[-2:] == self.size:
            return logits
        return functional.interpolate(logits, self.size, mode="bilinear", align_corners=False)
