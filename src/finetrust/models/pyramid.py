"""The feature maps of any backbone at several strides, as a detector or a segmentation head reads them.

Which modules yield them is found by watching one forward pass, in the spirit of the feature
pyramid of Lin et al. 2017 (Feature Pyramid Networks), which takes the last map of every stage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.models.maps import Record, last_map, tensor_of, watch
from finetrust.models.reason import reason

STRIDES = (8, 16, 32)


class Pyramid(nn.Module):
    """A backbone that yields a tuple of feature maps (n, c, h, w), the finest first.

    What the backbone does after the last of these maps is not run. The parameters keep their names
    behind the prefix ``body.``; those that no map depends on are left out.

    Parameters
    ----------
    body : nn.Module
        Normalised images (n, 3, h, w) to whatever; changed in place.
    taps : sequence of Record
        The modules whose outputs are the maps, the finest first.

    Attributes
    ----------
    strides : tuple of int
        Image pixels from one place of a map to the next.
    channels : tuple of int
    """

    def __init__(self, body: nn.Module, taps: Sequence[Record]) -> None:
        super().__init__()
        self.body = body
        self.strides = tuple(tap.stride for tap in taps)
        self.channels = tuple(tap.channels for tap in taps)
        self.names = tuple(tap.name for tap in taps)
        self._seen = _Seen()
        last = max(taps, key=lambda tap: tap.order)
        for tap in taps:
            hook = _Tap(tap, self._seen, stop=tap is last)
            body.get_submodule(tap.name).register_forward_hook(hook)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images (n, 3, h, w) to their feature maps."""
        self._seen.size = (images.shape[-2], images.shape[-1])
        try:
            self.body(images)
        except _EnoughError:
            pass
        finally:
            maps, self._seen.maps = self._seen.maps, {}
        return tuple(maps[name] for name in self.names)

    def extra_repr(self) -> str:
        """Return what tells pyramids over the same backbone apart."""
        return f"maps={dict(zip(self.names, self.strides, strict=True))}"


def pyramid_of(
    module: nn.Module, input_size: int | tuple[int, int], strides: Sequence[int] = STRIDES
) -> Pyramid:
    """Return `module` as a pyramid of its last maps at the given strides.

    A module that has maps at some of the strides only, as a vision transformer has, yields those; one
    that has none of them yields its coarsest.

    Parameters
    ----------
    module : nn.Module
        Normalised images (n, 3, h, w) to whatever: a classifier, a backbone, timm's or torchvision's
        or the user's own. It is changed: it becomes float32 and loses what no map depends on.
    input_size : int or (int, int)
        Height and width of the images, in pixels.
    strides : sequence of int

    Raises
    ------
    UserError
        If the forward pass fails before there is a map, or there is none.
    """
    size = (input_size, input_size) if isinstance(input_size, int) else input_size
    was_training = module.training
    module.float().eval()
    try:
        records = _watched(module, size)
        found = {stride: last_map(records, stride) for stride in strides}
        taps = [tap for tap in found.values() if tap is not None]
        if not taps and records:
            taps = [t for t in [last_map(records, max(r.stride for r in records))] if t]
        if not taps:
            raise UserError(
                f"{type(module).__name__} has no layer that yields a map of an image of "
                f"{size[0]}x{size[1]} pixels",
                "Choose a convolutional network or a vision transformer, or a larger --input-size.",
            )
        pyramid = Pyramid(module, sorted(taps, key=lambda tap: tap.stride))
        _prune(pyramid, _example(module, size))
    finally:
        module.train(was_training)
    return pyramid


@dataclass
class _Seen:
    """What the taps of one pyramid have seen in the pass that is running."""

    size: tuple[int, int] = (0, 0)
    maps: dict[str, Tensor] = field(default_factory=dict)


class _EnoughError(Exception):
    """Ends a forward pass after its last map."""


class _Tap:
    """A forward hook that keeps a map; it shares what it has seen with the pyramid, also in copies."""

    def __init__(self, record: Record, seen: _Seen, stop: bool) -> None:
        self.record, self.seen, self.stop = record, seen, stop

    def __call__(self, module: nn.Module, inputs: object, output: Any) -> None:
        found = tensor_of(output)
        assert found is not None
        self.seen.maps[self.record.name] = self.record.channels_first(found, self.seen.size)
        if self.stop:
            raise _EnoughError


def _example(module: nn.Module, size: tuple[int, int]) -> Tensor:
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0)).to(device)


def _watched(module: nn.Module, size: tuple[int, int]) -> list[Record]:
    """Return the maps of one forward pass, after giving timm's models the size of the images.

    A pass that fails after maps were seen, say in a classifier made for one size, has shown enough.
    """
    resize = getattr(module, "set_input_size", None)
    try:
        records, error = watch(module, _example(module, size))
        if error is not None and callable(resize):
            resize(img_size=size)
            records, error = watch(module, _example(module, size))
    except Exception as raised:
        records, error = [], raised
    if error is not None and len({record.stride for record in records}) < 2:
        raise UserError(
            f"the model does not accept an RGB image of {size[0]}x{size[1]} pixels ({reason(error)})",
            "Choose another --input-size, or a model for RGB images of any size.",
        ) from error
    return records


def _prune(pyramid: Pyramid, example: Tensor) -> None:
    """Put an identity in the place of every module whose parameters no map depends on."""
    parameters = dict(pyramid.body.named_parameters())
    frozen = [p for p in parameters.values() if not p.requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(True)
    with torch.inference_mode(False), torch.enable_grad():
        total = torch.stack([m.float().sum() for m in pyramid(example)]).sum()
        gradients = torch.autograd.grad(total, list(parameters.values()), allow_unused=True)
    for parameter in frozen:
        parameter.requires_grad_(False)
    used = {name for name, g in zip(parameters, gradients, strict=True) if g is not None}
    removed = _without(pyramid.body, "", used)
    try:
        with torch.no_grad():
            pyramid(example)
    except Exception:
        for parent, name, child in removed:
            setattr(parent, name, child)


def _without(
    module: nn.Module, prefix: str, used: set[str]
) -> list[tuple[nn.Module, str, nn.Module]]:
    """Put identities in the place of unused modules; return what takes that back."""
    removed = []
    for name, child in list(module.named_children()):
        path = f"{prefix}{name}"
        if any(known.startswith(f"{path}.") for known in used):
            removed += _without(child, f"{path}.", used)
        elif next(child.parameters(), None) is not None:
            removed.append((module, name, child))
            setattr(module, name, nn.Identity())
    return removed
