"""Fully convolutional network with skips: FCN-8s.

Long, Shelhamer & Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015,
section 4.2.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from finetrust.models.segmenters.head import Maps, SegmentationHead, enlarged, segmentation_heads


@segmentation_heads.register("fcn")
class FCN(SegmentationHead):
    """Scores of every map by a convolution of one pixel, added up from coarse to fine."""

    strides = (8, 16, 32)

    def __init__(self, channels: Sequence[int], n_classes: int) -> None:
        super().__init__(channels, n_classes)
        self.scores = nn.ModuleList(nn.Conv2d(c, n_classes, 1) for c in channels)

    def forward(self, maps: Maps) -> Tensor:
        total = self.scores[-1](maps[-1])
        for score, features in zip(self.scores[-2::-1], maps[-2::-1], strict=True):
            finer = score(features)
            total = finer + enlarged(total, finer)
        return total
