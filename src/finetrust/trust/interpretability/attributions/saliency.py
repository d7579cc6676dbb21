"""Saliency: how fast the logit changes with each pixel.

Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks: Visualising Image Classification
Models and Saliency Maps", ICLR workshop 2014.
"""

from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.gradients import logit_gradients, need_gradients
from finetrust.trust.trials.effort import EffortName


class Saliency:
    """The largest absolute value, over the channels, of the gradient (section 3.1)."""

    title = "Saliency"
    reference = (
        "Simonyan, Vedaldi & Zisserman, Deep Inside Convolutional Networks, ICLR workshop 2014"
    )
    signed = False
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_gradients(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        return logit_gradients(explained.network, images, targets).abs().amax(dim=1)


attributions.add("saliency", Saliency())
