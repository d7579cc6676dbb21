"""torchvision's detectors as heads: from the feature maps of a batch on one canvas to losses or boxes."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList

MOST_DETECTIONS = 100

Boxes = dict[str, Tensor]


class CanvasHead(nn.Module):
    """A detector of torchvision without its backbone and its own resizing.

    All that stands between the maps and the outputs is the detector's own code.

    Parameters
    ----------
    detector : nn.Module
        Of torchvision.models.detection; changed in place: its backbone becomes `neck`.
    neck : nn.Module
        From an ordered mapping of maps to one of the maps that the detector reads.
    canvas : (int, int)
        Height and width of the images, in pixels.
    first_label : int
        The detector's label for class 0: 1 where its label 0 is the background.
    """

    def __init__(
        self, detector: nn.Module, neck: nn.Module, canvas: tuple[int, int], first_label: int
    ) -> None:
        super().__init__()
        self.canvas, self.first_label = canvas, first_label
        detector.backbone = _Given(neck)
        detector.transform = _OnCanvas(canvas)
        self.detector = detector

    def forward(
        self, features: Sequence[Tensor], targets: Sequence[Boxes] | None = None
    ) -> dict[str, Tensor] | list[Boxes]:
        """Map feature maps to the losses, with targets, or to the boxes that are found.

        Parameters
        ----------
        features : sequence of float tensor (n, c, h, w)
            The finest first.
        targets : sequence of mapping (n,), optional
            ``boxes`` (m, 4), x1 y1 x2 y2 on the canvas, and ``labels`` (m,) of each image.

        Returns
        -------
        mapping of str to tensor, or list of mapping
            Losses by name; or for each image ``boxes`` (k, 4), ``scores`` (k,) and ``labels`` (k,),
            the highest score first, k <= 100, and the height and width of its ``canvas`` (2,).
        """
        given = self.detector.backbone
        assert isinstance(given, _Given)
        given.maps = features
        images = [features[0].new_empty(()).expand(3, *self.canvas)] * len(features[0])
        try:
            if targets is not None:
                return self.detector(images, [self._shifted(target) for target in targets])
            return [self._named(found) for found in self.detector(images)]
        finally:
            given.maps = ()

    def _shifted(self, target: Boxes) -> Boxes:
        return {"boxes": target["boxes"], "labels": target["labels"] + self.first_label}

    def _named(self, found: Boxes) -> Boxes:
        if self.first_label:
            known = found["labels"] >= self.first_label
            found = {name: values[known] for name, values in found.items()}
        best = {name: found[name][:MOST_DETECTIONS] for name in ("boxes", "scores", "labels")}
        best["labels"] = best["labels"] - self.first_label
        return {**best, "canvas": best["labels"].new_tensor(self.canvas)}


class _Given(nn.Module):
    """Stands for the backbone and yields maps that were computed before."""

    def __init__(self, neck: nn.Module) -> None:
        super().__init__()
        self.neck = neck
        self.maps: Sequence[Tensor] = ()

    def forward(self, images: Any) -> Any:
        return self.neck(OrderedDict((str(i), feature) for i, feature in enumerate(self.maps)))


class _OnCanvas(nn.Module):
    """Stands for the resizing: all images have the size of the canvas."""

    def __init__(self, canvas: tuple[int, int]) -> None:
        super().__init__()
        self.canvas = canvas

    def forward(self, images: list[Tensor], targets: Any = None) -> tuple[ImageList, Any]:
        batch = images[0].expand(len(images), *images[0].shape)
        return ImageList(batch, [self.canvas] * len(images)), targets

    def postprocess(self, found: list[Boxes], sizes: Any, original_sizes: Any) -> list[Boxes]:
        return found
