"""How hard the attacks try, by the effort that the user grants.

``full`` is the standard version of AutoAttack (Croce & Hein 2020) with its own constants and in its
order, without FAB-T: what that one is for, the smallest perturbation, is searched for by the sweep.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finetrust.trust.stability.adversarial.apgd import apgd, apgd_targeted
from finetrust.trust.stability.adversarial.attack import Attack
from finetrust.trust.stability.adversarial.losses import cross_entropy, dlr
from finetrust.trust.stability.adversarial.pgd import pgd
from finetrust.trust.stability.adversarial.square import square


@dataclass(frozen=True)
class Strength:
    """The attacks and how long they go on.

    Parameters
    ----------
    norms : tuple of str
        In which norms.
    apgd_ce, apgd_dlr : int
        Steps of Auto-PGD; 0 leaves it out.
    apgd_t, apgd_t_classes : int
        Steps for each class of the targeted attack, and how many classes; 0 leaves it out.
    square : int
        Queries of the black-box attack; 0 leaves it out.
    pgd : int
        Steps of the plain multi-step attack that is set against the single step.
    precision : float
        Of the place on the line from the untouched image to one that breaks it, relative.
    refinements, refinement_steps : int
        Halvings of the range in which the smallest perturbation lies, each by one short Auto-PGD.
    """

    norms: tuple[str, ...]
    apgd_ce: int
    apgd_dlr: int
    apgd_t: int
    apgd_t_classes: int
    square: int
    pgd: int
    precision: float
    refinements: int
    refinement_steps: int

    def attacks(self) -> Mapping[str, Attack]:
        """Return the attacks in the order in which they are tried, by name."""
        known: Mapping[str, tuple[int, Callable[[int], Attack]]] = {
            "apgd-ce": (self.apgd_ce, lambda steps: apgd(cross_entropy, steps)),
            "apgd-dlr": (self.apgd_dlr, lambda steps: apgd(dlr, steps)),
            "apgd-t": (self.apgd_t, lambda steps: apgd_targeted(self.apgd_t_classes, steps)),
            BLACK_BOX: (self.square, square),
        }
        return {name: make(steps) for name, (steps, make) in known.items() if steps}

    def multi_step(self) -> Attack:
        """Return the attack that is set against the single step."""
        return pgd(self.pgd)

    def refinement(self) -> Attack:
        """Return the short attack that narrows the smallest perturbation down."""
        return apgd(dlr, self.refinement_steps)

    def passes(self) -> tuple[int, int]:
        """Return the passes of an item that withstands all attacks once: forward, and both ways.

        Most items break early and cost a fraction of it.
        """
        targeted = self.apgd_t * self.apgd_t_classes
        both = 1 + self.apgd_ce + self.apgd_dlr + targeted
        return self.square + round(
            -math.log2(self.precision)
        ), both + self.refinements * self.refinement_steps

    def settings(self) -> Mapping[str, Any]:
        """Return the parameters as JSON values."""
        return dict(vars(self))


BLACK_BOX = "square"

STRENGTHS: Mapping[str, Strength] = {
    "quick": Strength(
        norms=("linf",),
        apgd_ce=10, apgd_dlr=0, apgd_t=0, apgd_t_classes=0, square=0,
        pgd=5, precision=0.03, refinements=1, refinement_steps=5,
    ),
    "standard": Strength(
        norms=("linf", "l2"),
        apgd_ce=30, apgd_dlr=30, apgd_t=0, apgd_t_classes=0, square=300,
        pgd=10, precision=0.005, refinements=4, refinement_steps=10,
    ),
    "full": Strength(
        norms=("linf", "l2"),
        apgd_ce=100, apgd_dlr=0, apgd_t=100, apgd_t_classes=9, square=5000,
        pgd=20, precision=0.002, refinements=6, refinement_steps=20,
    ),
}  # fmt: skip
