"""Integrated Gradients on pixels: what each pixel adds to the logit, compared with a baseline.

Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import black_and_white
from finetrust.trust.interpretability.attributions.gradients import need_gradients
from finetrust.trust.interpretability.integrated_gradients import integrated_gradients
from finetrust.trust.interpretability.spatial_layer import evaluating
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class IntegratedGradients:
    """Summed over the channels and averaged over the baselines, by default black and white.

    The map adds up to the logit less its mean over the baselines (proposition 1), up to the error of
    the quadrature.

    Parameters
    ----------
    steps : int
        Points of the Gauss-Legendre quadrature, for each baseline.
    """

    steps: int = 32

    title: ClassVar[str] = "Integrated Gradients"
    reference: ClassVar[str] = (
        "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "standard"

    @property
    def passes(self) -> int:
        return 2 * (3 * self.steps + 2) + 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_gradients(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        need_gradients(explained, images[:1])
        with evaluating(explained.network), torch.inference_mode(False):
            images = images.detach().clone()
            maps = [
                self._map(explained, images[i], target) for i, target in enumerate(targets.tolist())
            ]
        return torch.stack(maps).float()

    def _map(self, explained: Explained, image: Tensor, target: int) -> Tensor:
        """Return the map (h, w) of one image (3, h, w)."""

        def score(points: Tensor) -> Tensor:
            return explained.network(points)[:, target]

        of_baselines = [
            integrated_gradients(score, image, baseline, self.steps)[0]
            for baseline in black_and_white(explained, image[None])[:, 0]
        ]
        return torch.stack(of_baselines).mean(dim=0).sum(dim=0)


attributions.add("integrated_gradients", IntegratedGradients())
