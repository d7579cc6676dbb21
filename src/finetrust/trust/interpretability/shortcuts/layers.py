"""Layers that lie over the whole image: its colour, and fine detail that a class has in common.

The colour is exchanged by the mean and the spread of each channel, as in Reinhard et al., "Color
Transfer between Images", IEEE CG&A 21(5), 2001, but in RGB.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.part import Fill, Kind
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_LEAST_SPREAD = 1 / 255
FINE = 1 / 32


@dataclass(frozen=True, eq=False)
class Colour:
    """Mean and standard deviation of the red, green and blue of an image."""

    kind: Kind = "colour"
    name: str = "colour and contrast"
    area: None = None

    @property
    def fillings(self) -> Mapping[str, Fill]:
        return {"grey": self._grey}

    def exchanged(self, images: Tensor, items: Tensor, donors: Tensor) -> Tensor:
        ours, theirs = images[items], images[donors]
        mean, spread = _moments(ours)
        new_mean, new_spread = _moments(theirs)
        return ((ours - mean) / spread * new_spread + new_mean).clamp(0, 1)

    def _grey(self, images: Tensor, items: Tensor) -> Tensor:
        weights = images.new_tensor(_LUMA)[:, None, None]
        return (images[items] * weights).sum(dim=1, keepdim=True).expand(-1, 3, -1, -1)


def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    mean = images.mean(dim=(2, 3), keepdim=True)
    return mean, images.std(dim=(2, 3), keepdim=True, correction=0).clamp(min=_LEAST_SPREAD)


@dataclass(frozen=True, eq=False)
class CommonDetail:
    """Fine detail at fixed pixels that the images of a class have in common.

    The mean over a class of what a slight blur takes away. Fine detail of photographs averages out,
    that of a mark or of a camera's pattern stays. All fine detail of an image is no such candidate:
    it holds the edges of the object.

    Parameters
    ----------
    patterns : float tensor (classes, 3, h, w)
    targets : int64 tensor (n,)
        Of all images.
    """

    patterns: Tensor
    targets: Tensor
    kind: Kind = "detail"
    name: str = "fine detail that a class has in common"

    @classmethod
    def of(cls, detail: Tensor, labels: Tensor, targets: Tensor) -> "CommonDetail":
        """Return the patterns in fine detail (m, 3, h, w) of images of classes `labels` (m,)."""
        patterns = detail.new_zeros(int(targets.max()) + 1, *detail.shape[1:])
        for label in labels.unique().tolist():
            patterns[label] = detail[labels == label].mean(dim=0)
        return cls(patterns, targets)

    @property
    def area(self) -> Tensor:
        """All pixels: a smaller place that does as much is preferred to this."""
        return torch.ones_like(self.patterns[0, 0], dtype=torch.bool)

    @property
    def fillings(self) -> Mapping[str, Fill]:
        return {"taken away": self._without}

    def exchanged(self, images: Tensor, items: Tensor, donors: Tensor) -> Tensor:
        return (self._own_less(images, items) + self.patterns[self.targets[donors]]).clamp(0, 1)

    def _without(self, images: Tensor, items: Tensor) -> Tensor:
        return self._own_less(images, items).clamp(0, 1)

    def _own_less(self, images: Tensor, items: Tensor) -> Tensor:
        return images[items] - self.patterns[self.targets[items]]


def fine_detail(images: Tensor) -> Tensor:
    """Return what a blur by a thirty-second of the side takes away: float tensor (n, 3, h, w)."""
    return torch.cat([i - gaussian_filter(i, max(i.shape[-2:]) * FINE) for i in images.split(256)])
