"""RISE: how probable the class is, on average, when a pixel is seen through a random mask.

Petsiuk, Das & Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models",
BMVC 2018.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import mean_colour, seeds_of
from finetrust.trust.interpretability.attributions.hidden_parts import (
    AT_ONCE,
    probability,
    scores_under,
)
from finetrust.trust.trials.draws import uniform
from finetrust.trust.trials.effort import EffortName

_SEEN = 0.5


@dataclass(frozen=True)
class Rise:
    """The mean probability over random masks, weighted by how much of the pixel each shows.

    The masks are those of the paper: grids of 0 and 1, even odds, enlarged bilinearly and shifted at
    random. Each pixel is normalised by the sum of its own masks rather than by their expected sum
    (eq. 6): the estimate converges to the same, and what does not depend on the pixel adds no
    noise. Behind the masks is the image's mean colour, or the given baselines.

    Parameters
    ----------
    masks : int
    cells : int
        Along each side of the grid.
    """

    masks: int = 1000
    cells: int = 7

    title: ClassVar[str] = "RISE"
    reference: ClassVar[str] = (
        "Petsiuk, Das & Saenko, RISE: Randomized Input Sampling for Explanation of Black-box "
        "Models, BMVC 2018"
    )
    signed: ClassVar[bool] = False
    effort: ClassVar[EffortName] = "full"

    @property
    def passes(self) -> int:
        return self.masks

    def applies(self, explained: Explained, example: Tensor) -> None:
        """RISE asks only for answers: it applies to every network."""

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        seeds, maps = seeds_of(explained, images), []
        for i, target in enumerate(targets.tolist()):
            baselines = mean_colour(explained, images[i : i + 1])[:, 0]
            like = torch.empty(1, self.masks, self.cells**2 + 2, device=images.device)
            drawn = uniform(like, seeds[i : i + 1])[0]
            total, count = (torch.zeros(height, width, device=images.device) for _ in range(2))
            for part in drawn.split(AT_ONCE):
                keep = self._masks(part, height, width)
                scores = scores_under(
                    explained.network, images[i], target, keep, baselines, probability
                )
                total += torch.einsum("m,mhw->hw", scores, keep)
                count += keep.sum(dim=0)
            maps.append(total / count.clamp(min=torch.finfo(torch.float32).tiny))
        return torch.stack(maps)

    def _masks(self, drawn: Tensor, height: int, width: int) -> Tensor:
        """Return masks (m, h, w) of numbers (m, cells**2 + 2) uniform in [0, 1)."""
        grids = (drawn[:, 2:] < _SEEN).float().view(-1, 1, self.cells, self.cells)
        cell = torch.tensor([-(-height // self.cells), -(-width // self.cells)])
        size = ((self.cells + 1) * cell).tolist()
        large = F.interpolate(grids, size, mode="bilinear", align_corners=False)[:, 0]
        shift = (drawn[:, :2] * cell.to(drawn)).long()
        rows = shift[:, :1] + torch.arange(height, device=drawn.device)
        columns = shift[:, 1:] + torch.arange(width, device=drawn.device)
        items = torch.arange(len(drawn), device=drawn.device)[:, None, None]
        return large[items, rows[:, :, None], columns[:, None, :]]


attributions.add("rise", Rise())
