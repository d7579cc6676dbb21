"""Input x Gradient: the first-order share of each pixel in the logit.

Shrikumar et al., "Not Just a Black Box: Learning Important Features Through Propagating Activation
Differences", arXiv:1605.01713, 2016.
"""

from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.gradients import logit_gradients, need_gradients
from finetrust.trust.trials.effort import EffortName


class InputXGradient:
    """The gradient times the pixel, summed over the channels.

    The baseline is what the network itself calls 0: black, as it takes pixels in [0, 1]. A given
    baseline b takes its place, ``(x - b) * gradient``; several are averaged over.
    """

    title = "Input x Gradient"
    reference = "Shrikumar et al., Not Just a Black Box, arXiv:1605.01713, 2016"
    signed = True
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_gradients(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        gradients = logit_gradients(explained.network, images, targets)
        differences = images.float()
        if explained.baselines is not None:
            differences = differences - explained.baselines.to(differences).mean(dim=0)
        return (differences * gradients).sum(dim=1)


attributions.add("input_x_gradient", InputXGradient())
