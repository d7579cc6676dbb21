"""A whole detector taken apart: its pretrained backbone, and all the rest as a head."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from finetrust.core.registry import Registry
from finetrust.models.network import Compute
from finetrust.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class DetectorParts:
    """A whole detector in the parts of a :class:`~finetrust.models.network.Network`.

    Parameters
    ----------
    backbone : nn.Module
        Normalised images to what `features_of` takes.
    head : nn.Module
        Features, and targets in training, to losses or boxes, as
        :class:`~finetrust.models.detectors.canvas_head.CanvasHead` does.
    features_of : callable
    class_layers : frozenset of str
        Names of the parameters of the layers that tell classes apart, relative to the head.
    """

    backbone: nn.Module
    head: nn.Module
    features_of: Compute
    class_layers: frozenset[str]


class DetectorKind(Protocol):
    """One family of whole detectors; one file each."""

    def accepts(self, module: nn.Module) -> bool:
        """Return whether `module` is a detector of this family."""
        ...

    def n_classes(self, module: nn.Module) -> int:
        """Return how many classes it tells apart, without the background."""
        ...

    def preprocessing(self, module: nn.Module) -> Preprocessing | None:
        """Return what the module itself says of its input: shorter (`resize`) and longer side at most."""
        ...

    def is_square(self, module: nn.Module) -> bool:
        """Return whether it takes square images only."""
        ...

    def with_classes(self, module: nn.Module, classes: int) -> nn.Module:
        """Return the detector with untrained class layers; `module` may be changed in place."""
        ...

    def with_class_layers_of(self, module: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
        """Return the detector with class layers as large as those among `tensors`; weights come later."""
        ...

    def parts(self, module: nn.Module, canvas: tuple[int, int]) -> DetectorParts:
        """Take the detector apart, for images on a canvas (height, width); it is changed in place."""
        ...


detector_kinds: Registry[DetectorKind] = Registry("detector family", "finetrust.models.detectors")


def kind_of(module: nn.Module) -> DetectorKind | None:
    """Return the family of a whole detector, or None for any other module."""
    return next((kind for _, kind in detector_kinds.items() if kind.accepts(module)), None)
