"""Occlusion: by how much the logit drops when a window of the image is hidden.

Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import mean_colour
from finetrust.trust.interpretability.attributions.hidden_parts import AT_ONCE, scores_under
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class Occlusion:
    """The mean drop over the windows that hide a pixel.

    Windows of an eighth of the image's shorter side lie half their side apart, the last ones at the
    far edges. Behind them is the image's mean colour, or the given baselines.

    Parameters
    ----------
    share : int
        How many windows side by side fill the shorter side.
    """

    share: int = 8

    title: ClassVar[str] = "Occlusion"
    reference: ClassVar[str] = (
        "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "standard"

    @property
    def passes(self) -> int:
        return (2 * self.share - 1) ** 2 + 1

    def applies(self, explained: Explained, example: Tensor) -> None:
        """Occlusion asks only for answers: it applies to every network."""

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        side = max(1, min(height, width) // self.share)
        corners = torch.cartesian_prod(_starts(height, side), _starts(width, side))
        corners = corners.to(images.device)
        maps = []
        for i, target in enumerate(targets.tolist()):
            image, baselines = images[i], mean_colour(explained, images[i : i + 1])[:, 0]

            def score(
                keep: Tensor,
                image: Tensor = image,
                target: int = target,
                baselines: Tensor = baselines,
            ) -> Tensor:
                return scores_under(explained.network, image, target, keep, baselines)

            untouched = score(torch.ones(1, height, width, device=images.device))
            total, count = (torch.zeros(height, width, device=images.device) for _ in range(2))
            for part in corners.split(AT_ONCE):
                hidden = _windows(part, side, height, width)
                total += torch.einsum("m,mhw->hw", untouched - score(1 - hidden), hidden)
                count += hidden.sum(dim=0)
            maps.append(total / count)
        return torch.stack(maps)


def _starts(length: int, side: int) -> Tensor:
    regular = range(0, length - side, max(1, side // 2))
    return torch.tensor([*regular, length - side])


def _windows(corners: Tensor, side: int, height: int, width: int) -> Tensor:
    """Return masks (m, h, w) that are 1 within the windows with these corners (m, 2)."""
    rows = torch.arange(height, device=corners.device) - corners[:, :1]
    columns = torch.arange(width, device=corners.device) - corners[:, 1:]
    inside_rows, inside_columns = ((x >= 0) & (x < side) for x in (rows, columns))
    return (inside_rows[:, :, None] & inside_columns[:, None, :]).float()


attributions.add("occlusion", Occlusion())
