"""Whole segmentation models taken apart: the backbone, the head, and the head's last layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.models.weights_file import WeightsFile, name_prefix, refuse_deeper


@dataclass(frozen=True)
class Whole:
    """A segmentation model in two parts.

    Parameters
    ----------
    backbone : nn.Module
        Normalised images (n, 3, h, w) to a tuple of feature maps.
    head : nn.Module
        The maps to logits (n, k, h', w').
    classifiers : tuple of str
        The convolutions in the head that yield the logits; their outputs are added up.
    """

    backbone: nn.Module
    head: nn.Module
    classifiers: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        return _convolution(self.head, self.classifiers[0]).out_channels

    def with_classes(self, n_classes: int) -> "Whole":
        """Return the model, changed in place, with untrained last layers for so many classes."""
        for name in self.classifiers:
            old = _convolution(self.head, name)
            new = nn.Conv2d(old.in_channels, n_classes, 1, bias=old.bias is not None)
            self.head.set_submodule(name, new)
        return self


def whole_parts(module: nn.Module) -> Whole | None:
    """Return a segmentation model of torchvision or transformers in its parts, or None.

    Auxiliary classifiers are left out.

    Parameters
    ----------
    module : nn.Module
        The parts are its own modules.
    """
    if hasattr(module, "segformer") and hasattr(module, "decode_head"):
        return Whole(
            _Encoder(module.segformer), _Decoder(module.decode_head), ("decoder.classifier",)
        )
    backbone, classifier = (getattr(module, name, None) for name in ("backbone", "classifier"))
    if not isinstance(backbone, nn.Module) or not isinstance(classifier, nn.Module):
        return None
    if hasattr(classifier, "low_classifier") and hasattr(classifier, "high_classifier"):
        names = ("classifier.low_classifier", "classifier.high_classifier")
        return Whole(_Maps(backbone, ("low", "high")), _OfTwo(classifier), names)
    if isinstance(classifier, nn.Sequential) and isinstance(classifier[-1], nn.Conv2d):
        name = f"classifier.{len(classifier) - 1}"
        return Whole(_Maps(backbone, ("out",)), _OfOne(classifier), (name,))
    return None


def fit_segmenter(module: nn.Module, file: WeightsFile) -> tuple[str, ...]:
    """Load a weights file into a whole segmentation model; return notes on what was not as expected.

    The last layers take as many classes as the file has. Auxiliary classifiers may be absent.

    Parameters
    ----------
    module : nn.Module
        That :func:`whole_parts` knows; changed in place.
    file : WeightsFile

    Raises
    ------
    UserError
        If the weights belong to another architecture.
    """
    own = module.state_dict()
    prefix = name_prefix(file.tensors, set(own))
    found = {
        name.removeprefix(prefix): tensor
        for name, tensor in file.tensors.items()
        if name.startswith(prefix)
    }
    _resize_classifiers(module, found)
    own = module.state_dict()
    needed = [n for n in own if not n.startswith("aux_classifier.") and "num_batches" not in n]
    wrong = [n for n in needed if n not in found or found[n].shape != own[n].shape]
    if wrong:
        where = (
            f"'{wrong[0]}' is {tuple(found[wrong[0]].shape)} in the file and "
            f"{tuple(own[wrong[0]].shape)} in the model"
            if wrong[0] in found
            else f"'{wrong[0]}' is not in the file"
        )
        raise UserError(
            f"{file.path}: weights for another architecture: {len(needed) - len(wrong)} of "
            f"{len(needed)} tensors fit; {where}",
            "Name the architecture that the file was made for with --model (and --model-args).",
        )
    refuse_deeper(own, found, file.path)
    fitting = {n: t for n, t in found.items() if n in own and t.shape == own[n].shape}
    module.load_state_dict({**own, **fitting})
    unused = [name for name in found if name not in fitting]
    notes = [f"the prefix '{prefix}' of the names was removed"] if prefix else []
    if file.wrapper:
        notes.insert(0, f"the weights were taken from '{file.wrapper}' in the file")
    if unused:
        shown = f"{', '.join(unused[:4])}{', ...' if len(unused) > 4 else ''}"
        notes.append(f"{len(unused)} tensors of the file are not used: {shown}")
    return tuple(notes)


class _Maps(nn.Module):
    """The named maps of torchvision's backbone, as a tuple."""

    def __init__(self, body: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.body, self.names = body, names

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        found = self.body(images)
        return tuple(found[name] for name in self.names)


class _OfOne(nn.Module):
    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        return self.classifier(maps[0])


class _OfTwo(nn.Module):
    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        return self.classifier({"low": maps[0], "high": maps[1]})


class _Encoder(nn.Module):
    """The four maps of SegFormer's encoder."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.body(images, output_hidden_states=True).hidden_states)


class _Decoder(nn.Module):
    def __init__(self, decoder: Any) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        return self.decoder(tuple(maps))


def _convolution(head: nn.Module, name: str) -> nn.Conv2d:
    layer = head.get_submodule(name)
    assert isinstance(layer, nn.Conv2d)
    return layer


def _resize_classifiers(module: nn.Module, found: Mapping[str, Tensor]) -> None:
    parts = whole_parts(module)
    assert parts is not None
    own = {id(layer): name for name, layer in module.named_modules()}
    for name in parts.classifiers:
        layer = _convolution(parts.head, name)
        weight = found.get(f"{own[id(layer)]}.weight")
        if torch.is_tensor(weight) and weight.shape[1:] == layer.weight.shape[1:]:
            new = nn.Conv2d(layer.in_channels, len(weight), 1, bias=layer.bias is not None)
            module.set_submodule(own[id(layer)], new)
