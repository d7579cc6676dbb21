"""The maps that a network makes of its image, seen in one forward pass, and the last at a stride."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.models.layout import layout_of


@dataclass(frozen=True)
class Record:
    """One module whose output is a map of the image.

    Parameters
    ----------
    name : str
        Relative to the network; empty for the network itself.
    order : int
        Place among the modules by the time at which they finish.
    stride : int
        Image pixels from one place to the next, rounded to a power of two.
    scale : (float, float)
        Image pixels from one place to the next, as they are, down and across.
    channels : int
    channels_last : bool
    prefix : int
        Tokens before those of the places, as in :class:`~finetrust.models.layout.Layout`.
    is_block : bool
        Whether it is made of modules with parameters, and not a convolution or a norm itself.
    is_norm : bool
        Whether it is a batch norm, which goes when it is folded into its convolution.
    """

    name: str
    order: int
    stride: int
    scale: tuple[float, float]
    channels: int
    channels_last: bool
    prefix: int
    is_block: bool
    is_norm: bool

    def channels_first(self, output: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the map (n, c, h, w) in an output of the module for images of `size`."""
        if not self.channels_last:
            return output
        if output.ndim == 4:
            return output.permute(0, 3, 1, 2)
        height, width = (int(side / scale) for side, scale in zip(size, self.scale, strict=True))
        places = output[:, self.prefix :].transpose(1, 2)
        return places.reshape(len(output), output.shape[-1], height, width)


def watch(module: nn.Module, images: Tensor) -> tuple[list[Record], Exception | None]:
    """Return the maps of one forward pass in the order they were made, and what ended it early.

    Parameters
    ----------
    module : nn.Module
        In evaluation mode.
    images : float tensor (n, 3, h, w)
    """
    latest: dict[str, Record] = {}
    count = 0

    def keep(name: str, layer: nn.Module, output: Any) -> None:
        nonlocal count
        count += 1
        latest.pop(name, None)
        record = _record(name, layer, tensor_of(output), module, images)
        if record is not None:
            latest[name] = replace(record, order=count)

    hooks = [
        layer.register_forward_hook(lambda m, _, output, name=name: keep(name, m, output))
        for name, layer in module.named_modules()
    ]
    error: Exception | None = None
    try:
        with torch.no_grad():
            module(images)
    except Exception as raised:
        error = raised
    finally:
        for hook in hooks:
            hook.remove()
    return list(latest.values()), error


def last_map(records: Sequence[Record], stride: int) -> Record | None:
    """Return the last map at `stride` that the network hands on, or None if it has none.

    That is the output of a block or stage rather than of a layer within one: the wide middle of a
    MobileNet block at the stride before it is passed over. A network without blocks (VGG) hands on
    the output of its last layer at that stride, but never of a batch norm.
    """
    block = _last_block([r for r in records if r.is_block], "", stride)
    if block is not None:
        return block
    layers = [r for r in records if r.stride == stride and not r.is_norm]
    return max(layers, key=lambda record: record.order, default=None)


def tensor_of(output: Any) -> Tensor | None:
    """Return the tensor that a module hands on: its output, the first of it, or its hidden state."""
    if isinstance(output, Mapping):
        output = output.get("last_hidden_state")
    if isinstance(output, (list, tuple)) and len(output):
        output = output[0]
    return output if isinstance(output, Tensor) else None


def _record(
    name: str, layer: nn.Module, output: Tensor | None, model: nn.Module, images: Tensor
) -> Record | None:
    if output is None or not output.is_floating_point() or len(output) != len(images):
        return None
    layout = layout_of(model, output, images)
    if layout is None:
        return None
    scale = images.shape[-2] / layout.height, images.shape[-1] / layout.width
    return Record(
        name,
        0,
        1 << round(torch.tensor(min(scale)).log2().item()),
        scale,
        output.shape[-1] if layout.channels_last else output.shape[1],
        layout.channels_last,
        layout.prefix,
        any(next(child.parameters(), None) is not None for child in layer.children()),
        isinstance(layer, nn.modules.batchnorm._BatchNorm),
    )


def _last_block(blocks: Sequence[Record], parent: str, stride: int) -> Record | None:
    """Descend from `parent` to the last block at `stride` that is not a part of a larger block."""
    children = _children(blocks, parent)
    here = [child for child in children if child.stride == stride]
    best = here[-1] if here else None
    for child in reversed(children):
        if best is not None and child.order < best.order:
            break
        if child is not best and (best is None or _is_stack(blocks, child, stride)):
            inner = _last_block(blocks, child.name, stride)
            if inner is not None:
                return inner
    return best


def _is_stack(blocks: Sequence[Record], block: Record, stride: int) -> bool:
    """Whether `block` holds stages of several strides, and not just the step to the next one."""
    inside = [child for child in _children(blocks, block.name) if child.stride == stride]
    return block.stride >= 4 * stride or len(inside) > 1


def _children(blocks: Sequence[Record], parent: str) -> list[Record]:
    """Return the blocks right below `parent`, over modules that are not blocks themselves."""
    below = [b for b in blocks if b.name and b.name.startswith(f"{parent}." if parent else "")]
    names = {block.name for block in below}
    return [b for b in below if not any(b.name.startswith(f"{other}.") for other in names)]
