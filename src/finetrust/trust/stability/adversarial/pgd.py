"""Projected gradient descent: steps of a fixed size from random starts.

Madry, Makelov, Schmidt, Tsipras & Vladu, "Towards Deep Learning Models Resistant to Adversarial
Attacks", ICLR 2018, section 2.1.
"""

from functools import partial

import torch

from finetrust.trust.stability.adversarial.attack import (
    Attack,
    Attacked,
    LogitsOf,
    Victims,
    ascent,
    is_wrong,
)
from finetrust.trust.stability.adversarial.losses import cross_entropy
from finetrust.trust.stability.adversarial.norms import Norm, spread, within

_REACH = 2.5
"""How far all steps together could go, in multiples of eps (Madry et al. 2018, appendix)."""


def pgd(steps: int = 40, restarts: int = 1) -> Attack:
    """Return the attack of so many steps from so many random starts.

    An item leaves as soon as it is broken. The first of the starts is the one of the victims, if
    they have one.
    """
    return partial(_pgd, steps=steps, restarts=restarts)


def _pgd(
    logits_of: LogitsOf, victims: Victims, norm: Norm, *, steps: int, restarts: int
) -> Attacked:
    found = Attacked(victims.images.clone(), torch.zeros_like(victims.labels, dtype=torch.bool))
    for restart in range(restarts):
        rows = torch.nonzero(~found.broken)[:, 0]
        left = victims.take(rows)
        points = left.start if restart == 0 else None
        if points is None:
            change = norm.random(left.images, left.seeds, stream=restart)
            points = left.images + spread(left.eps, left.images) * change
        points = within(norm, left.images, points, left.eps)
        for step in range(steps + 1):
            if not len(rows):
                break
            logits, _, gradient = ascent(logits_of, points, left.labels, left.labels, cross_entropy)
            broken = is_wrong(logits, left.labels)
            found.points[rows[broken]] = points[broken]
            found.broken[rows[broken]] = True
            if step == steps:
                break
            rows, left, points = rows[~broken], left.take(~broken), points[~broken]
            size = spread(left.eps * _REACH / steps, points)
            points = points + size * norm.steepest(gradient[~broken])
            points = within(norm, left.images, points, left.eps)
    return found
