"""GradientSHAP, or expected gradients: Integrated Gradients averaged over a distribution of baselines.

Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017; Erion et al.,
"Improving Performance of Deep Learning Models with Axiomatic Attribution Priors and Expected
Gradients", Nature Machine Intelligence 2021.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import black_and_white, seeds_of
from finetrust.trust.interpretability.attributions.gradients import logit_gradients, need_gradients
from finetrust.trust.trials.draws import uniform
from finetrust.trust.trials.effort import EffortName

_OFFSETS = 0


@dataclass(frozen=True)
class GradientShap:
    """The mean of ``(x - b) * gradient at b + a (x - b)`` over baselines b and a uniform in [0, 1].

    Summed over the channels. Baselines, by default black and white, are drawn systematically: each
    as often as any other, up to one. It is made for many: images of the training data, say.

    Parameters
    ----------
    samples : int
        Pairs of a baseline and a place on the way to it.
    """

    samples: int = 50

    title: ClassVar[str] = "GradientSHAP"
    reference: ClassVar[str] = (
        "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "standard"

    @property
    def passes(self) -> int:
        return 3 * self.samples

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_gradients(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        images, seeds = images.float(), seeds_of(explained, images)
        baselines, items = black_and_white(explained, images), torch.arange(len(images))
        one = images.new_empty(len(images), 1, 1, 1)
        offset = uniform(one, seeds, _OFFSETS).flatten()
        total = torch.zeros_like(images)
        for sample in range(self.samples):
            which = ((sample + offset) / self.samples * len(baselines)).long()
            baseline = baselines[which.clamp(max=len(baselines) - 1), items.to(which.device)]
            difference = images - baseline
            points = baseline + uniform(one, seeds, 1 + sample) * difference
            total += difference * logit_gradients(explained.network, points, targets)
        return (total / self.samples).sum(dim=1)


attributions.add("gradient_shap", GradientShap())
