"""Kernel SHAP over superpixels: Shapley values of the regions of an image, by weighted least squares.

Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017, theorem 2;
coalitions in pairs with their complements: Covert & Lee, "Improving KernelSHAP: Practical Shapley
Value Estimation via Linear Regression", AISTATS 2021.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import mean_colour, seeds_of
from finetrust.trust.interpretability.attributions.hidden_parts import AT_ONCE, scores_under
from finetrust.trust.interpretability.attributions.superpixels import superpixels
from finetrust.trust.trials.draws import uniform
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class KernelShap:
    """The Shapley value of each superpixel for the logit, spread evenly over its pixels.

    The map adds up to the logit less that of the image hidden whole. What is hidden is replaced by
    the image's mean colour, or by the given baselines, averaged over.

    Parameters
    ----------
    pairs : int
        Coalitions to sample, each with its complement.
    regions : int
        About how many superpixels.
    """

    pairs: int = 400
    regions: int = 50

    title: ClassVar[str] = "Kernel SHAP"
    reference: ClassVar[str] = (
        "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "full"

    @property
    def passes(self) -> int:
        return 2 * self.pairs + 2

    def applies(self, explained: Explained, example: Tensor) -> None:
        """Kernel SHAP asks only for answers: it applies to every network."""

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        seeds, maps = seeds_of(explained, images), []
        for i, target in enumerate(targets.tolist()):
            regions = superpixels(images[i].permute(1, 2, 0).double().cpu().numpy(), self.regions)
            count = int(regions.max()) + 1
            coalitions = drawn_coalitions(self.pairs, count, seeds[i : i + 1])
            places = torch.from_numpy(regions).to(images.device)
            baselines = mean_colour(explained, images[i : i + 1])[:, 0]
            scores = [
                scores_under(explained.network, images[i], target, part[:, places], baselines)
                for part in coalitions.to(images.device).split(AT_ONCE)
            ]
            values = shapley_values(
                coalitions.double().numpy(), torch.cat(scores).double().cpu().numpy()
            )
            maps.append(torch.from_numpy((values / np.bincount(regions.ravel()))[regions]))
        return torch.stack(maps).float().to(images.device)


def shapley_values(coalitions: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the least-squares estimate of Shapley values from scores of coalitions.

    Parameters
    ----------
    coalitions : float64 array (m, players)
        Of 0 and 1: that of nobody first, that of all second, the others drawn as the Shapley kernel
        weighs them.
    scores : float64 array (m,)

    Returns
    -------
    float64 array (players,)
        They add up to ``scores[1] - scores[0]``; exact where the score adds up what each player
        brings and the coalitions tell the players apart.
    """
    whole = scores[1] - scores[0]
    drawn, gains = coalitions[2:], scores[2:] - scores[0]
    # The last player has what the others leave: the constraint is solved for it.
    others, last = drawn[:, :-1], drawn[:, -1:]
    first = np.linalg.lstsq(others - last, gains - last[:, 0] * whole, rcond=None)[0]
    return np.append(first, whole - first.sum())


def drawn_coalitions(pairs: int, players: int, seed: Tensor) -> Tensor:
    """Return coalitions, float tensor (2 + 2 pairs, players): nobody, all, then pairs."""
    ends = torch.stack([torch.zeros(players), torch.ones(players)])
    if players == 1:
        return ends
    drawn = uniform(torch.empty(1, pairs, players + 1), seed.cpu())[0]
    sizes = torch.arange(1, players)
    # (players - 1) / (C(players, s) s (players - s)), for all the C(players, s) coalitions of s.
    odds = 1 / (sizes * (players - sizes)).double()
    steps = (odds / odds.sum()).cumsum(0)
    size = 1 + torch.searchsorted(steps, drawn[:, 0].double()).clamp(max=players - 2)
    ranks = drawn[:, 1:].argsort(dim=1, stable=True).argsort(dim=1)
    some = (ranks < size[:, None]).float()
    return torch.cat([ends, some, 1 - some])


attributions.add("kernel_shap", KernelShap())
