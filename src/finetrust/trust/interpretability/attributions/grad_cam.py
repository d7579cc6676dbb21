"""Grad-CAM: where the features of a layer speak for the class.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017.
"""

from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.target_layer import need_layer
from finetrust.trust.interpretability.grad_cam import grad_cam
from finetrust.trust.trials.effort import EffortName


class GradCam:
    """As :func:`finetrust.trust.interpretability.grad_cam.grad_cam`: in [0, 1]."""

    title = "Grad-CAM"
    reference = "Selvaraju et al., Grad-CAM, ICCV 2017"
    signed = False
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_layer(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        return grad_cam(explained.network, images, targets, explained.layer)


attributions.add("grad_cam", GradCam())
