"""Where the images of one class agree with each other and not with the rest: boxes to look at.

Candidates only: what is found here is judged on other items.
"""

import torch
from scipy.ndimage import label as components
from scipy.special import ndtri
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.part import Box

LEVEL = 0.01
CONSTANT = 4.0
MOST_OF_IMAGE = 1 / 8
A_CLASS = 2
MOST_SORTED = 200
MARGIN = 1


def distinctive_boxes(signal: Tensor, mine: Tensor, constant: bool = False) -> list[Box]:
    """Return the boxes in which a class has content of its own, the most distinct first.

    A pixel is distinct if the mean of the signal differs between the class and the rest by more than
    chance (Welch's statistic at 1 %, Bonferroni's bound over all pixels), or, on request, if its
    spread from quartile to quartile is a fourth of the rest's or less. Adjoining distinct pixels make
    one box, which gets a margin of one pixel; single pixels and boxes of more than an eighth of the
    image are left out.

    Parameters
    ----------
    signal : float tensor (n, h, w)
        Fine detail, grey values or heat.
    mine : bool tensor (n,)
        Which images are of the class; two at least on either side.
    constant : bool
        Whether to look for constant content instead of another mean.

    Returns
    -------
    list of (x1, y1, x2, y2)
        Two at most.
    """
    inside, outside = signal[mine].float(), signal[~mine].float()
    strength = _constancy(inside, outside) if constant else _welch(inside, outside)
    numbered, count = components((strength > 0).cpu().numpy(), structure=[[1] * 3] * 3)
    numbers = torch.from_numpy(numbered).to(strength.device)
    height, width = strength.shape
    found: list[tuple[float, Box]] = []
    for number in range(1, count + 1):
        rows, columns = (numbers == number).nonzero(as_tuple=True)
        box = (
            max(int(columns.min()) - MARGIN, 0),
            max(int(rows.min()) - MARGIN, 0),
            min(int(columns.max()) + 1 + MARGIN, width),
            min(int(rows.max()) + 1 + MARGIN, height),
        )
        share = (box[2] - box[0]) * (box[3] - box[1]) / (height * width)
        if len(rows) > 1 and share <= MOST_OF_IMAGE:
            found.append((float(strength[rows, columns].sum()), box))
    return [box for _, box in sorted(found, key=lambda pair: -pair[0])[:A_CLASS]]


def _welch(inside: Tensor, outside: Tensor) -> Tensor:
    """Return the squared statistic of each pixel, 0 where chance explains it."""
    gap = inside.mean(0) - outside.mean(0)
    error = inside.var(0) / len(inside) + outside.var(0) / len(outside)
    least = float(ndtri(LEVEL / 2 / gap.numel()) ** 2)
    squared = gap.square() / error.clamp(min=1e-12)
    return squared.where(squared > least, 0.0)


def _constancy(inside: Tensor, outside: Tensor) -> Tensor:
    """Return the ratio of the spreads of each pixel, 0 where the class is not much more constant."""
    # A few hundred images show the spread as well as all, and have to be sorted.
    thinned = outside[:: max(1, len(outside) // MOST_SORTED)]
    # Half a grey value: images of 8 bits know no smaller spread.
    ratio = _quartile_range(thinned) / _quartile_range(inside).clamp(min=0.5 / 255)
    return ratio.where(ratio >= CONSTANT, 0.0)


def _quartile_range(values: Tensor) -> Tensor:
    ranked, last = values.sort(dim=0).values, len(values) - 1
    return ranked[round(last * 3 / 4)] - ranked[round(last / 4)]
