"""The all-MLP decoder of SegFormer.

Xie et al., "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers",
NeurIPS 2021, arXiv:2105.15203, eq. 4.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from finetrust.models.segmenters.head import Maps, SegmentationHead, enlarged, segmentation_heads

WIDTH = 128


@segmentation_heads.register("segformer")
class SegFormerHead(SegmentationHead):
    """Every map projected, enlarged to the finest, fused and classified, pixel by pixel.

    The paper's projection of each map and the fusion of the enlarged ones are linear, and enlarging
    commutes with what is linear in the channels: here each map has one projection for both, which is
    done before it is enlarged, and the enlarged maps are added.
    """

    strides = (4, 8, 16, 32)

    def __init__(self, channels: Sequence[int], n_classes: int) -> None:
        super().__init__(channels, n_classes)
        self.projections = nn.ModuleList(nn.Conv2d(c, WIDTH, 1, bias=False) for c in channels)
        self.fuse = nn.Sequential(nn.BatchNorm2d(WIDTH), nn.ReLU(inplace=True), nn.Dropout(0.1))
        self.classifier = nn.Conv2d(WIDTH, n_classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        projected = [project(part) for project, part in zip(self.projections, maps, strict=True)]
        total = projected[0]
        for coarser in projected[1:]:
            total = total + enlarged(coarser, total)
        return self.classifier(self.fuse(total))
