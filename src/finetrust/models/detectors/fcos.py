"""FCOS: every place of a map speaks for the object around it (Tian et al. 2019)."""

from collections.abc import Sequence

from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOS, FCOSHead

from finetrust.models.detectors.canvas_head import MOST_DETECTIONS, CanvasHead
from finetrust.models.detectors.heads import (
    LEAST_SCORE,
    WIDTH,
    feature_pyramid,
    heads,
    pyramid_strides,
)

_CONVOLUTIONS = 2


@heads.register("fcos")
def fcos(
    channels: Sequence[int], strides: Sequence[int], classes: int, canvas: tuple[int, int]
) -> CanvasHead:
    """Return an FCOS head; its points lie as far apart as the strides say.

    Untrained distances are one stride and not zero, where the rectifier on them would have no
    gradient and a side could stay at zero for good.
    """
    neck = feature_pyramid(channels)
    sizes = tuple((stride,) for stride in pyramid_strides(strides))
    head = FCOSHead(WIDTH, 1, classes, _CONVOLUTIONS)
    nn.init.ones_(head.regression_head.bbox_reg.bias)
    detector = FCOS(
        neck,
        classes,
        anchor_generator=AnchorGenerator(sizes, ((1.0,),) * len(sizes)),
        head=head,
        score_thresh=LEAST_SCORE,
        detections_per_img=MOST_DETECTIONS,
    )
    return CanvasHead(detector, neck, canvas, first_label=0)
