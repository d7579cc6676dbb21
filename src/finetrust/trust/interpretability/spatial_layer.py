"""Where a network still knows places: its last layer with a map, in whatever layout."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable

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


def find_layer(model: nn.Module, example: Tensor) -> nn.Module:
    """Return the last module whose output is a map on which the logits depend.

    A map is an output (n, c, h, w), (n, h, w, c) or (n, prefix + h w, c) with more than one
    place. "Depend" is read from the gradient of the largest logit: the last tokens of a vision
    transformer that only reads its class token do not count. Neither do modules without
    parameters: activations, pooling, and the normalisation of the pixels.

    Parameters
    ----------
    model : nn.Module
        From images to logits; its mode and its gradients are left as they are.
    example : float tensor (n, c, h, w)
        One image is enough.

    Raises
    ------
    NotApplicable
        If there is no such module.
    """
    outputs: list[tuple[nn.Module, Tensor]] = []

    def keep(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.requires_grad:
            outputs.append((module, output))

    handles = [module.register_forward_hook(keep) for module in model.modules()]
    try:
        with evaluating(model), torch.inference_mode(False), torch.enable_grad():
            logits = model(example.detach().clone().requires_grad_(True))
            maps = [
                (module, output, layout)
                for module, output in outputs
                if module is not model and len(output) == len(example)
                if (layout := layout_of(model, output, example))
            ]
            gradients = _gradients(logits, [output for _, output, _ in maps])
    finally:
        for handle in handles:
            handle.remove()

    read = [
        (module, output.shape)
        for (module, output, layout), gradient in zip(maps, gradients, strict=True)
        if gradient is not None
        and layout.channels_first(gradient).any()
        and next(module.parameters(), None) is not None
    ]
    if not read:
        raise NotApplicable(
            f"{type(model).__name__} has no layer whose output is a map with more than one place "
            f"on which the logits depend, for images of {tuple(example.shape[-2:])} pixels"
        )
    # A projection inside a block (queries, keys, values) has another width than the stream of
    # tokens that the network hands on.
    stream = next((o.shape for _, o, layout in reversed(maps) if o.ndim == 3), None)
    handed_on = [m for m, shape in read if len(shape) != 3 or shape == stream]
    return (handed_on or [m for m, _ in read])[-1]


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


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within this block `model` is in eval mode; then every module is as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


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


def _gradients(logits: Tensor, outputs: list[Tensor]) -> list[Tensor | None]:
    if not outputs:
        return []
    score = logits.amax(dim=1).sum()
    return list(torch.autograd.grad(score, outputs, allow_unused=True))
