"""Faster R-CNN: proposals first, then a closer look at each (Ren et al. 2015)."""

from collections.abc import Sequence

from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FasterRCNN, FastRCNNPredictor, TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign

from finetrust.models.detectors.canvas_head import MOST_DETECTIONS, CanvasHead
from finetrust.models.detectors.heads import (
    LEAST_SCORE,
    WIDTH,
    anchor_scale,
    feature_pyramid,
    heads,
    pyramid_strides,
)

_RATIOS = (0.5, 1.0, 2.0)
_SIDE = 7
_HIDDEN = 512
_BOXES_AN_IMAGE = 128


@heads.register("faster-rcnn")
def faster_rcnn(
    channels: Sequence[int], strides: Sequence[int], classes: int, canvas: tuple[int, int]
) -> CanvasHead:
    """Return the proposal network and the box head of Faster R-CNN over a feature pyramid network."""
    neck, scale = feature_pyramid(channels), 2 * anchor_scale(canvas)
    sizes = tuple((scale * stride,) for stride in pyramid_strides(strides))
    maps = [str(level) for level in range(len(strides))]
    detector = FasterRCNN(
        neck,
        rpn_anchor_generator=AnchorGenerator(sizes, (_RATIOS,) * len(sizes)),
        rpn_post_nms_top_n_train=500,
        rpn_post_nms_top_n_test=300,
        box_roi_pool=MultiScaleRoIAlign(maps, output_size=_SIDE, sampling_ratio=2),
        box_head=TwoMLPHead(WIDTH * _SIDE**2, _HIDDEN),
        box_predictor=FastRCNNPredictor(_HIDDEN, classes + 1),
        box_batch_size_per_image=_BOXES_AN_IMAGE,
        box_score_thresh=LEAST_SCORE,
        box_detections_per_img=MOST_DETECTIONS,
    )
    return CanvasHead(detector, neck, canvas, first_label=1)
