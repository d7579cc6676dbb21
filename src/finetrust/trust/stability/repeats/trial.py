"""The trial of repeats: the run is trained again, each time with one thing another."""

from collections.abc import Sequence
from functools import partial

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.tasks.task import Task
from finetrust.trust.stability.repeats.retrained import KINDS
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials


class Repeats:
    """The same model, trained again with another seed, another order and another sample of the data."""

    title = "Training again"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        pass

    def plan(self, bench: Bench) -> Sequence[Step]:
        repeats = bench.options.repeats
        if not repeats:
            raise NotApplicable(
                "no repeats were asked for (--repeats 5 trains 5 times of each kind)"
            )
        bench.require_rows_of_logits()
        if bench.retraining is None:
            raise NotApplicable("the model was not tuned here, and cannot be trained again")
        bench.retraining.check(repeats)
        return [
            Step(
                f"{kind}-{number}",
                partial(bench.retraining.predictions, bench, kind, number),
                forward=len(bench.dataset),
                backward=bench.retraining.backward,
            )
            for kind in KINDS
            for number in range(1, repeats + 1)
        ]


trials.add("repeats", Repeats())
