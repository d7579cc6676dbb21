"""SWA: what is judged and kept is the mean of the weights at the ends of the last epochs."""

import math
from typing import Annotated, ClassVar

from pydantic import Field
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_swa_multi_avg_fn

from finetrust.core.errors import UserError
from finetrust.tuning.addition import Addition, Planned, additions
from finetrust.tuning.averager import Averager, Inputs
from finetrust.tuning.batch_norm import recompute_statistics, training_norms
from finetrust.tuning.optimizer import Schedule
from finetrust.tuning.strategy import Phase

START = 0.75
"""Izmailov et al. (2018, section 4) start from a model trained for about three quarters of the budget."""
RATE_SHARE = 0.5
"""Of the authors' published commands for residual networks on CIFAR-100: 0.1, then 0.05."""


@additions.register("swa")
class SWA(Addition):
    """Stochastic weight averaging (Izmailov et al. 2018), in every phase."""

    place: ClassVar[str] = "averaging"

    start: Annotated[float, Field(ge=0, lt=1)] = Field(
        START, description="Share of the epochs of a phase after which averaging starts."
    )
    rate_share: Annotated[float, Field(gt=0, le=1)] = Field(
        RATE_SHARE,
        description="Constant learning rate from then on, as a share of each layer's peak.",
    )

    def check(self, planned: Planned) -> None:
        if planned.options.patience is not None:
            raise UserError(
                "swa and --patience: training could stop before averaging starts",
                "Leave one of them out.",
            )
        for phase in planned.phases:
            if phase.epochs - self._epochs_before(phase) < 2:
                raise UserError(
                    f"swa has one epoch only to average in {phase.name} ({phase.epochs} in all)",
                    "Give more --epochs, or an earlier start: swa(start=0.5).",
                )

    def schedule(self, phase: Phase, warmup: float) -> Schedule:
        return Schedule(warmup, self.start, self.rate_share)

    def averager(self, module: nn.Module, phase: Phase) -> Averager:
        return _Mean(module, self._epochs_before(phase))

    def _epochs_before(self, phase: Phase) -> int:
        """Return how many epochs end before the first one whose weights are taken in."""
        return max(0, math.ceil(round(self.start * phase.epochs, 6)) - 1)


class _Mean(Averager):
    """The mean of the weights after each epoch from the start on, the start included.

    Izmailov, Podoprikhin, Garipov, Vetrov & Wilson (2018), "Averaging Weights Leads to Wider Optima and
    Better Generalization", UAI, algorithm 1 with a constant rate and a cycle of one epoch. The
    statistics of batch norm are computed anew on the training inputs. Until then the weights
    themselves are judged, and are kept where no average is better on validation data.
    """

    def __init__(self, module: nn.Module, before: int) -> None:
        super().__init__(AveragedModel(module, multi_avg_fn=get_swa_multi_avg_fn()))
        self._before = before

    def after_epoch(self, module: nn.Module, epoch: int, inputs: Inputs) -> None:
        if epoch >= self._before:
            self.average.update_parameters(module)
            recompute_statistics(self.average.module, training_norms(module), inputs)
