"""L2-SP: weights are pulled toward the pretrained ones they start from (Li, Grandvalet & Davoine 2018)."""

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, Step, additions
from finetrust.tuning.pretrained_start import check_start, pretrained_parameters, training_in

WEIGHT, HEAD_WEIGHT = 0.1, 0.01
"""Those of the authors' own script (``run_classification/train.sh`` of TransferLearningClassification)."""


@additions.register("l2-sp")
class L2SP(Addition):
    """Pulls pretrained weights toward their start, and new ones toward 0; see :func:`l2_sp`."""

    weight: NonNegative = Field(WEIGHT, description="Alpha: pull of what is pretrained.")
    head_weight: NonNegative = Field(HEAD_WEIGHT, description="Beta: pull of what is new.")

    def check(self, planned: Planned) -> None:
        check_start("l2-sp", planned)

    def penalty(self, start: Start) -> Penalty | None:
        if not (self.weight or self.head_weight):
            return None
        own = pretrained_parameters(start.network)
        named = dict(start.network.named_parameters())
        fresh = {name: named[name] for name in sorted(start.network.fresh)}
        return _L2SP(own, fresh, self.weight, self.head_weight)


class _L2SP(Penalty):
    of_backbone = True

    def __init__(
        self,
        pretrained: Mapping[str, nn.Parameter],
        fresh: Mapping[str, nn.Parameter],
        weight: float,
        head_weight: float,
    ) -> None:
        self._pretrained, self._fresh = list(pretrained.values()), list(fresh.values())
        self._start = [parameter.detach().clone() for parameter in self._pretrained]
        self._weight, self._head_weight = weight, head_weight

    def term(self, step: Step) -> Tensor:
        training = training_in(step.module)
        moving = [
            (parameter, start)
            for parameter, start in zip(self._pretrained, self._start, strict=True)
            if id(parameter) in training
        ]
        if not moving:
            return torch.zeros_like(step.loss)
        own, start = zip(*moving, strict=True)
        return l2_sp(own, start, self._fresh, self._weight, self._head_weight)


def l2_sp(
    pretrained: tuple[Tensor, ...],
    start: tuple[Tensor, ...],
    fresh: list[nn.Parameter],
    weight: float,
    head_weight: float,
) -> Tensor:
    """Return how far weights are from where they are pulled to.

    Li, Grandvalet & Davoine (2018), "Explicit Inductive Bias for Transfer Learning with Convolutional
    Networks", ICML, eq. 3: ``alpha/2 |w_S - w_S0|**2 + beta/2 |w_S'|**2``, where ``w_S`` is all that is
    pretrained (norms and biases too) and ``w_S'`` all that is new. It is part of the loss, as in the
    paper; the optimiser's own weight decay stays beside it.

    Parameters
    ----------
    pretrained, start : tuples of float tensors
        Weights, and in the same order and shapes where they started.
    fresh : list of float tensors
        Weights that started from random.
    weight, head_weight : float
        Alpha and beta.

    Returns
    -------
    float tensor ()
    """
    distances = [
        weight / 2 * (own - begun).square().sum()
        for own, begun in zip(pretrained, start, strict=True)
    ]
    sizes = [head_weight / 2 * new.square().sum() for new in fresh]
    return torch.stack([*distances, *sizes]).sum()
