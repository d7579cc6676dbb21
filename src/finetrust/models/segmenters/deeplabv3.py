"""DeepLabV3: atrous spatial pyramid pooling, with the decoder of DeepLabV3+ where there is a fine map.

Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", arXiv:1706.05587,
section 3.3; Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
Segmentation", arXiv:1802.02611, section 3.1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from finetrust.models.segmenters.head import (
    Maps,
    SegmentationHead,
    conv_norm_relu,
    enlarged,
    segmentation_heads,
)

WIDTH = 128
LOW_LEVEL = 48
RATES = (6, 12, 18)


@segmentation_heads.register("deeplabv3")
class DeepLabV3(SegmentationHead):
    """Parallel atrous convolutions on the coarsest map; joined with the finest, then refined.

    The backbone is not made atrous, so that its coarsest map has a stride of 32 rather than the 16
    of the paper, and the rates are halved for it.
    """

    strides = (8, 32)

    def __init__(self, channels: Sequence[int], n_classes: int) -> None:
        super().__init__(channels, n_classes)
        high = channels[-1]
        self.branches = nn.ModuleList(
            [
                conv_norm_relu(high, WIDTH, 1),
                *(conv_norm_relu(high, WIDTH, 3, rate // 2) for rate in RATES),
            ]
        )
        # No batch norm here: it has no variance to compute where a batch holds one image.
        self.image = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(high, WIDTH, 1), nn.ReLU(inplace=True)
        )
        self.project = nn.Sequential(
            conv_norm_relu(WIDTH * (len(RATES) + 2), WIDTH, 1), nn.Dropout(0.1)
        )
        self.low_level = conv_norm_relu(channels[0], LOW_LEVEL, 1) if len(channels) > 1 else None
        self.refine = conv_norm_relu(WIDTH + (LOW_LEVEL if self.low_level else 0), WIDTH, 3)
        self.classifier = nn.Conv2d(WIDTH, n_classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        high = maps[-1]
        pooled = self.image(high).expand(-1, -1, *high.shape[-2:])
        found = self.project(torch.cat([*(branch(high) for branch in self.branches), pooled], 1))
        if self.low_level is not None:
            low = self.low_level(maps[0])
            found = torch.cat([enlarged(found, low), low], 1)
        return self.classifier(self.refine(found))
