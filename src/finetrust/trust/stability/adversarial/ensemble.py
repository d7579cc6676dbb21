"""Several attacks one after the other, each on what the ones before could not break.

Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
parameter-free attacks", ICML 2020, section 5: the worst case over the attacks counts.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.attack import Attack, Attacked, LogitsOf, Victims
from finetrust.trust.stability.adversarial.norms import Norm

UNBROKEN = -1


def ensemble(
    logits_of: LogitsOf, victims: Victims, norm: Norm, attacks: Mapping[str, Attack]
) -> tuple[Attacked, Tensor]:
    """Attack every item until it is broken or no attack is left.

    Where the victims have a start, the first attack is also tried from there, before all others.

    Returns
    -------
    found : Attacked
    by : int64 tensor (n,)
        Which of the attacks broke the item, by its place in `attacks`; ``UNBROKEN`` where none did.
    """
    broken = torch.zeros_like(victims.labels, dtype=torch.bool)
    found = Attacked(victims.images.clone(), broken)
    by = torch.full_like(victims.labels, UNBROKEN)
    unstarted = Victims(victims.images, victims.labels, victims.eps, victims.seeds)
    tries = [(i, attack, unstarted) for i, attack in enumerate(attacks.values())]
    if victims.start is not None:
        tries.insert(0, (0, tries[0][1], victims))
    for place, attack, who in tries:
        rows = torch.nonzero(~found.broken)[:, 0]
        if not len(rows):
            break
        new = attack(logits_of, who.take(rows), norm)
        found.points[rows], found.broken[rows] = new.points, new.broken
        by[rows[new.broken]] = place
    return found, by
