"""LR-ASPP, the light head of MobileNetV3.

Howard et al., "Searching for MobileNetV3", ICCV 2019, arXiv:1905.02244, section 6.4.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from finetrust.models.segmenters.head import (
    Maps,
    SegmentationHead,
    conv_norm_relu,
    enlarged,
    segmentation_heads,
)

WIDTH = 128


@segmentation_heads.register("lr-aspp")
class LRASPP(SegmentationHead):
    """The coarsest map under attention from the whole image, plus scores of the finest."""

    strides = (8, 32)

    def __init__(self, channels: Sequence[int], n_classes: int) -> None:
        super().__init__(channels, n_classes)
        self.project = conv_norm_relu(channels[-1], WIDTH, 1)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels[-1], WIDTH, 1, bias=False), nn.Sigmoid()
        )
        self.low_classifier = nn.Conv2d(channels[0], n_classes, 1)
        self.high_classifier = nn.Conv2d(WIDTH, n_classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        low, high = maps[0], maps[-1]
        attended = self.project(high) * self.attention(high)
        # The classifier and the enlargement are both linear: smaller maps are cheaper to classify.
        return self.low_classifier(low) + enlarged(self.high_classifier(attended), low)
