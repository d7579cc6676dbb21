"""SSDLite: light, separable predictions on every map (Liu et al. 2016; Sandler et al. 2018, § 6.2)."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.ssdlite import SSDLiteHead
from torchvision.ops import Conv2dNormActivation

from finetrust.models.detectors.canvas_head import MOST_DETECTIONS, CanvasHead
from finetrust.models.detectors.heads import LEAST_SCORE, heads, pyramid_strides

_EXTRA_CHANNELS = 256
_RATIOS = [2, 3]
_STRIDES_A_BOX = 3
_NORM = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.03)


@heads.register("ssdlite")
def ssdlite(
    channels: Sequence[int], strides: Sequence[int], classes: int, canvas: tuple[int, int]
) -> CanvasHead:
    """Return an SSDLite head on the maps as they are and on two coarser ones."""
    neck, levels = _Extended(channels[-1]), pyramid_strides(strides)
    widths = [*channels, _EXTRA_CHANNELS, _EXTRA_CHANNELS]
    scales = [min(1.0, _STRIDES_A_BOX * stride / max(canvas)) for stride in levels]
    boxes = DefaultBoxGenerator([_RATIOS for _ in levels], scales=[*scales, 1.0])
    detector = SSD(
        neck,
        boxes,
        (canvas[1], canvas[0]),
        classes + 1,
        head=SSDLiteHead(widths, boxes.num_anchors_per_location(), classes + 1, _NORM),
        score_thresh=LEAST_SCORE,
        nms_thresh=0.55,
        detections_per_img=MOST_DETECTIONS,
    )
    return CanvasHead(detector, neck, canvas, first_label=1)


class _Extended(nn.Module):
    """The maps, and two coarser ones made of the last."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.extra = nn.ModuleList([_coarser(channels), _coarser(_EXTRA_CHANNELS)])

    def forward(self, maps: "OrderedDict[str, Tensor]") -> "OrderedDict[str, Tensor]":
        found = list(maps.values())
        for block in self.extra:
            found.append(block(found[-1]))
        return OrderedDict((str(level), feature) for level, feature in enumerate(found))


def _coarser(channels: int) -> nn.Module:
    """Return SSDLite's extra block: squeeze, depthwise convolution of stride 2, expand."""
    half = _EXTRA_CHANNELS // 2
    convolution = partial(Conv2dNormActivation, norm_layer=_NORM, activation_layer=nn.ReLU6)
    return nn.Sequential(
        convolution(channels, half, kernel_size=1),
        convolution(half, half, kernel_size=3, stride=2, groups=half),
        convolution(half, _EXTRA_CHANNELS, kernel_size=1),
    )
