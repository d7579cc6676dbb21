"""EMA: what is judged and kept is an exponential moving average of the weights."""

from typing import Annotated, ClassVar

from pydantic import Field
from torch import nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel, get_ema_multi_avg_fn

from finetrust.tuning.addition import Addition, Planned, additions
from finetrust.tuning.averager import Averager
from finetrust.tuning.strategy import Phase

DECAY = 0.999
"""Of Tarvainen & Valpola (2017, section 3) once the average is under way, and of PyTorch."""


@additions.register("ema")
class EMA(Addition):
    """Average with the weights of every step, the older ones counting less and less."""

    place: ClassVar[str] = "averaging"

    decay: Annotated[float, Field(gt=0, lt=1)] = Field(
        DECAY, description="Largest share of the average that is left after a step."
    )

    def check(self, planned: Planned) -> None:
        return

    def averager(self, module: nn.Module, phase: Phase) -> Averager:
        return _Moving(module, self.decay)


class _Moving(Averager):
    """``average = d * average + (1 - d) * weights`` after every step, buffers too.

    Tarvainen & Valpola (2017), "Mean teachers are better role models", NeurIPS, eq. for theta'. After
    the first step the average is the weights; when it has taken in k steps, ``d = min(decay, (1 + k) /
    (10 + k))``, the rule of TensorFlow's ExponentialMovingAverage, so that a short run does not end
    with the weights it began with.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__(AveragedModel(module, multi_avg_fn=self._moved, use_buffers=True))
        self._decay = decay

    def after_step(self, module: nn.Module) -> None:
        self.average.update_parameters(module)

    def _moved(self, average: PARAM_LIST, current: PARAM_LIST, _: object) -> None:
        # The count lies on the CPU: asking for it does not wait for the GPU.
        taken = int(self.average.n_averaged)
        get_ema_multi_avg_fn(min(self._decay, (1 + taken) / (10 + taken)))(average, current, taken)
