"""RetinaNet: anchors at every place, with the focal loss (Lin et al. 2020)."""

from collections.abc import Sequence
from functools import partial

from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.retinanet import RetinaNet, RetinaNetHead

from finetrust.models.detectors.canvas_head import MOST_DETECTIONS, CanvasHead
from finetrust.models.detectors.heads import (
    LEAST_SCORE,
    WIDTH,
    anchor_scale,
    feature_pyramid,
    heads,
    pyramid_strides,
)

_OCTAVES = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))
_RATIOS = (0.5, 1.0, 2.0)


@heads.register("retinanet")
def retinanet(
    channels: Sequence[int], strides: Sequence[int], classes: int, canvas: tuple[int, int]
) -> CanvasHead:
    """Return a RetinaNet head with nine anchors at every place, whose sides follow the strides."""
    neck, scale = feature_pyramid(channels), anchor_scale(canvas)
    sizes = tuple(
        tuple(round(scale * stride * octave) for octave in _OCTAVES)
        for stride in pyramid_strides(strides)
    )
    anchors = AnchorGenerator(sizes, (_RATIOS,) * len(sizes))
    detector = RetinaNet(
        neck,
        classes,
        anchor_generator=anchors,
        head=RetinaNetHead(
            WIDTH,
            anchors.num_anchors_per_location()[0],
            classes,
            norm_layer=partial(nn.GroupNorm, 32),
        ),
        score_thresh=LEAST_SCORE,
        detections_per_img=MOST_DETECTIONS,
    )
    return CanvasHead(detector, neck, canvas, first_label=0)
