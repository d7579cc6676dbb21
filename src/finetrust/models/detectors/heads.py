"""The detection heads there are over a pretrained backbone: one file each, found by its name."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import nn
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from finetrust.core.registry import Registry
from finetrust.models.detectors.canvas_head import CanvasHead

WIDTH = 128
"""Channels of the feature pyramid network."""

LEAST_SCORE = 0.01
"""Detections below this score are not reported."""

_LARGE_CANVAS = 512

BuildHead = Callable[[Sequence[int], Sequence[int], int, tuple[int, int]], CanvasHead]
"""From channels and strides of the maps, the number of classes and the canvas to an untrained head."""

heads: Registry[BuildHead] = Registry("detection head", "finetrust.models.detectors")


def feature_pyramid(channels: Sequence[int]) -> nn.Module:
    """Return an untrained feature pyramid network (Lin et al. 2017) with two coarser levels on top.

    Its maps are normalised in groups, so that backbones whose maps differ in scale are all fit.
    """
    pyramid = FeaturePyramidNetwork(
        list(channels),
        WIDTH,
        extra_blocks=LastLevelP6P7(WIDTH, WIDTH),
        norm_layer=partial(nn.GroupNorm, 32),
    )
    pyramid.out_channels = WIDTH  # type: ignore[assignment]
    return pyramid


def pyramid_strides(strides: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of the levels of :func:`feature_pyramid`."""
    return (*strides, 2 * strides[-1], 4 * strides[-1])


def anchor_scale(canvas: tuple[int, int]) -> int:
    """Return the side of the smallest anchor in strides: 4 (Lin et al. 2020), 2 on small canvases."""
    return 4 if max(canvas) >= _LARGE_CANVAS else 2
