"""The trial of explanations of image classifiers: which method explains, and how faithful it is."""

from collections.abc import Sequence
from functools import partial

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.data.images.image_kind import IMAGES
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.attributions.candidates import candidate_names
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.explaining import Explainable, answered_rows, explainable
from finetrust.trust.interpretability.faithfulness.choosing import (
    choice_passes,
    choice_rows,
    choice_table,
)
from finetrust.trust.interpretability.faithfulness.columns import FAITHFULNESS, HEAT, TRIAL
from finetrust.trust.interpretability.faithfulness.heat import heat_passes, heat_table
from finetrust.trust.interpretability.faithfulness.judging import (
    judged_table,
    judging_passes,
    replacements_of,
)
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials


class Explanations:
    """The candidates are tried on validation items; the best of them is judged on the items themselves."""

    title = "Explanations"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        if task.kind is IMAGES:
            candidate_names(options.attributions, options.effort)

    def plan(self, bench: Bench) -> Sequence[Step]:
        found = explainable(bench)
        chosen_on, rows = choice_rows(bench), answered_rows(bench)[0]
        items = bench.validation_items
        settings = {
            "methods": list(found.methods),
            "layer": found.layer,
            "validation": None if items is None else items.take(chosen_on).fingerprint,
        }
        return [
            Step(
                CHOICE,
                partial(choice_table, bench, found, chosen_on),
                settings,
                forward=choice_passes(found, len(chosen_on)),
            ),
            Step(
                FAITHFULNESS,
                partial(_judged, bench, found),
                {**settings, "replacements": list(replacements_of(bench))},
                forward=judging_passes(bench, found, len(rows)),
                reads=True,
            ),
            Step(
                HEAT,
                partial(_heat, bench, found),
                settings,
                forward=heat_passes(bench, found),
                reads=True,
            ),
        ]


def _judged(bench: Bench, found: Explainable) -> Predictions:
    return judged_table(bench, found, _method(bench), *answered_rows(bench))


def _heat(bench: Bench, found: Explainable) -> Predictions:
    return heat_table(bench, found, _method(bench))


def _method(bench: Bench) -> str:
    return choice_of(bench.tables(TRIAL)[CHOICE]).method


trials.add(TRIAL, Explanations())
