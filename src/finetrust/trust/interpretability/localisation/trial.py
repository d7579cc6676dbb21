"""The trial of localisation of image classifiers: does what speaks for the true class lie on the object."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from finetrust.config import EvaluateOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.objects.marks import read_marks
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.explaining import (
    Explainable,
    explainable,
    explainer,
    maps_of,
)
from finetrust.trust.interpretability.localisation.columns import (
    EXPLANATION,
    STEP,
    baseline_maps,
    located_columns,
    no_columns,
)
from finetrust.trust.interpretability.localisation.objects import objects_in, objects_of
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL, EXPLANATIONS = "localisation", "explanations"


class Localisation:
    """The chosen explanation of the true class beside maps that know nothing of the network."""

    title = "Localisation of explanations"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = (EXPLANATIONS,)

    def check(self, options: EvaluateOptions, task: Task) -> None:
        if options.object_masks is None:
            return
        if task.kind is not IMAGES:
            raise UserError(
                f"object masks are given, though the inputs are {task.kind.plural}",
                "Leave --object-masks out.",
            )
        if "heat_maps" not in task.explanations:
            raise UserError(
                "object masks judge the heat maps of classified images, and this task is "
                f"{task.pipeline or 'another'}",
                "Leave --object-masks out: where a task has boxes or masks of its own, they judge.",
            )
        read_marks(options.object_masks)

    def plan(self, bench: Bench) -> Sequence[Step]:
        found = explainable(bench)
        objects = objects_in(bench)
        rows = marked_rows(bench, objects.marked)
        objects.check_sizes(rows)
        return [
            Step(
                STEP,
                partial(located_items, bench, rows, found),
                {"objects": objects.digest(rows), "layer": found.layer},
                forward=len(rows) * found.mean_passes,
            )
        ]


def marked_rows(bench: Bench, marked: np.ndarray) -> np.ndarray:
    """Return as many of the marked items as the effort asks for: sorted int64 (n,).

    Drawn as :meth:`~finetrust.trust.trials.bench.Bench.sample` draws them, from the marked ones alone.
    """
    order = np.random.default_rng(bench.seed).permutation(len(bench.dataset))
    return np.sort(order[np.isin(order, marked)][: bench.effort.items(costly=True)])


def located_items(bench: Bench, rows: np.ndarray, found: Explainable) -> Predictions:
    """Return how the maps of the items at `rows` lie on their objects."""
    method = choice_of(bench.tables(EXPLANATIONS)[CHOICE]).method
    explain = explainer(method, found.layer)
    columns = no_columns(len(rows))
    for part, images in bench.batches(rows, "localisation"):
        targets = torch.from_numpy(bench.clean["target"][part].astype(np.int64)).to(images.device)
        seeds = bench.seeds(part)
        maps = {
            EXPLANATION: maps_of(explain, bench.network, images, targets, seeds),
            **baseline_maps(images, seeds),
        }
        places = np.searchsorted(rows, part)
        for name, values in located_columns(maps, objects_of(bench, part)).items():
            columns[name][places] = values
    return Predictions(bench.ids(rows), columns)


trials.add(TRIAL, Localisation())
