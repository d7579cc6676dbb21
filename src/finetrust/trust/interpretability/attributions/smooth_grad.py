"""SmoothGrad: saliency averaged over noisy copies of the image.

Smilkov et al., "SmoothGrad: removing noise by adding noise", arXiv:1706.03825, 2017.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import seeds_of
from finetrust.trust.interpretability.attributions.gradients import logit_gradients, need_gradients
from finetrust.trust.trials.draws import standard_normal
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class SmoothGrad:
    """The largest absolute value, over the channels, of the mean gradient under Gaussian noise.

    Parameters
    ----------
    samples : int
        Noisy copies of an image.
    noise : float
        Standard deviation, as a share of the range of the image's values; the paper finds 0.1 to 0.2
        best (section 3.2).
    """

    samples: int = 25
    noise: float = 0.15

    title: ClassVar[str] = "SmoothGrad"
    reference: ClassVar[str] = (
        "Smilkov et al., SmoothGrad: removing noise by adding noise, arXiv:1706.03825, 2017"
    )
    signed: ClassVar[bool] = False
    effort: ClassVar[EffortName] = "standard"

    @property
    def passes(self) -> int:
        return 3 * self.samples

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_gradients(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        images, seeds = images.float(), seeds_of(explained, images)
        low, high = (f(images, dim=(1, 2, 3), keepdim=True) for f in (torch.amin, torch.amax))
        total = torch.zeros_like(images)
        for stream in range(self.samples):
            noise = self.noise * (high - low) * standard_normal(images, seeds, stream)
            total += logit_gradients(explained.network, images + noise, targets)
        return (total / self.samples).abs().amax(dim=1)


attributions.add("smooth_grad", SmoothGrad())
