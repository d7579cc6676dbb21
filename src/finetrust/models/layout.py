"""How the output of a layer holds a map of its image: channels first or last, as a grid or as tokens."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

MOST_PREFIX_TOKENS = 16


@dataclass(frozen=True)
class Layout:
    """How the output of a layer holds a map of h x w places.

    Parameters
    ----------
    height, width : int
    channels_last : bool
        (n, h, w, c) or (n, tokens, c) rather than (n, c, h, w).
    prefix : int
        How many tokens (class token, registers) stand before those of the places.
    """

    height: int
    width: int
    channels_last: bool
    prefix: int = 0

    def channels_first(self, output: Tensor) -> Tensor:
        """Return the places of `output` as (n, c, h, w)."""
        if not self.channels_last:
            return output
        places = output[:, self.prefix :] if output.ndim == 3 else output
        grid = places.reshape(len(output), self.height, self.width, output.shape[-1])
        return grid.permute(0, 3, 1, 2)


def layout_of(model: nn.Module, output: Tensor, images: Tensor) -> Layout | None:
    """Return how `output` holds a map of the `images`, or None if it holds none.

    Parameters
    ----------
    model : nn.Module
        Asked for ``num_prefix_tokens``, which timm's transformers state.
    output : tensor
    images : tensor (n, c, h, w)
    """
    height, width = images.shape[-2:]
    if output.ndim == 4:
        return _layout_of_grid(output.shape, height, width)
    if output.ndim == 3:
        return _layout_of_tokens(model, output.shape[1], height, width)
    return None


def _layout_of_grid(shape: torch.Size, height: int, width: int) -> Layout | None:
    _, a, b, c = shape
    for layout in (Layout(b, c, False), Layout(a, b, True)):
        if layout.height * layout.width > 1 and _is_scaled(layout, height, width):
            return layout
    return None


def _is_scaled(layout: Layout, height: int, width: int) -> bool:
    """Whether the map is the image made smaller, up to rounding by less than a place."""
    if layout.height > height or layout.width > width:
        return False
    scale = max(layout.height / height, layout.width / width)
    return height * scale - layout.height < 1 and width * scale - layout.width < 1


def _layout_of_tokens(model: nn.Module, tokens: int, height: int, width: int) -> Layout | None:
    stated = [m.num_prefix_tokens for m in model.modules() if hasattr(m, "num_prefix_tokens")]
    allowed = stated[:1] or range(MOST_PREFIX_TOKENS + 1)
    grids = {(height // p, width // p) for p in range(1, min(height, width) + 1)}
    fitting = [
        Layout(h, w, True, tokens - h * w)
        for h, w in grids
        if h * w > 1 and tokens - h * w in allowed
    ]
    return min(fitting, key=lambda layout: layout.prefix, default=None)
