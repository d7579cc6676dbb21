"""PGD-AT: the network is trained on images that are changed to its disadvantage (Madry et al. 2018)."""

from typing import Annotated, ClassVar

from pydantic import Field
from torch import nn

from finetrust.config import Count
from finetrust.models.tree import Tree, n_items
from finetrust.tasks.task import Objective
from finetrust.tuning.addition import Addition, Planned, Start, additions
from finetrust.tuning.attack import (
    EPSILON,
    PLACE,
    REACH,
    ColourChange,
    at_rest,
    check_attack,
    drawn_within,
    pgd,
)
from finetrust.tuning.disturbance import Disturbance

STEPS = 7
"""Those with which Madry et al. (2018, section 5) trained on CIFAR-10."""


@additions.register("adversarial")
class Adversarial(Addition):
    """Adversarial training against projected gradient descent from a random start.

    Madry, Makelov, Schmidt, Tsipras & Vladu (2018), "Towards Deep Learning Models Resistant to
    Adversarial Attacks", ICLR, eq. 2.1: ``min_w E max_{|d| <= epsilon} L(w, x + d, y)`` in L-inf. The
    loss L is the training loss without penalties, so that class weights, another loss and shares of
    classes, as mixing makes them, count as they do in training. Every training image is changed, or of
    each batch a share, and the loss is the mean over both kinds (Kurakin, Goodfellow & Bengio 2017,
    "Adversarial Machine Learning at Scale", ICLR, eq. 1 with lambda 1). The attack is made with the
    network in evaluation mode (:func:`finetrust.tuning.attack.at_rest`), as in the code of TRADES'
    authors. The last epoch is kept.
    """

    place: ClassVar[str] = PLACE
    keeps_last: ClassVar[bool] = True
    disturbs: ClassVar[bool] = True

    epsilon: ColourChange = Field(
        EPSILON, description="Largest change of a colour value in [0, 1], e.g. 8/255."
    )
    steps: Count = Field(STEPS, description="Steps of the attack; each costs about a pass.")
    step_size: ColourChange | None = Field(
        None, description="Change in one step. [default: 2.5 * epsilon / steps]"
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Share of each batch that is attacked; the rest is learned as it is."
    )

    def check(self, planned: Planned) -> None:
        check_attack("adversarial", planned)

    def disturbance(self, start: Start) -> Disturbance | None:
        return Disturbance(self._attacked, self.share) if self.epsilon else None

    def _attacked(
        self, objective: Objective, module: nn.Module, inputs: Tree, targets: Tree
    ) -> Tree:
        size = REACH * self.epsilon / self.steps if self.step_size is None else self.step_size
        with at_rest(module) as resting:
            # The sum, not the mean: what is small may vanish in half precision.
            return pgd(
                lambda points: objective(resting, points, targets) * n_items(inputs),
                inputs,
                drawn_within(inputs, self.epsilon),
                self.epsilon,
                self.steps,
                size,
            )
