"""The trial of numerics: one step for each way to compute the same network."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import Task
from finetrust.trust.stability.numerics.variants.variant import Variant, asked, variants
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

REFERENCE = "fp32"
"""The table with which the others are compared: the network as it was trained, in ordinary batches."""

REASON = "reason"
"""Column of the table of a variant that cannot run: why not."""


class Numerics:
    """The same network in another precision, layout or engine."""

    title = "Numerics"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        """There is nothing to choose."""

    def plan(self, bench: Bench) -> Sequence[Step]:
        bench.require_rows_of_logits()
        rows = bench.sample()
        reference = partial(asked, bench, rows, REFERENCE, bench.network)
        return [
            Step(REFERENCE, reference, forward=len(rows)),
            *(
                Step(
                    name,
                    partial(_answers, variant, bench, rows),
                    variant.settings(),
                    forward=variant.passes * len(rows),
                )
                for name, variant in variants.items()
            ),
        ]


def _answers(variant: Variant, bench: Bench, rows: np.ndarray) -> Predictions:
    """Return what a variant says, or why it says nothing, which is worth a table as well."""
    try:
        return variant.ask(bench, rows)
    except NotApplicable as reason:
        ids = bench.ids(rows)
        return Predictions(ids, {REASON: np.full(len(rows), str(reason))})


trials.add("numerics", Numerics())
