"""The trial of harmless changes: one step for each change."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image

from finetrust.config import EvaluateOptions
from finetrust.core.cpus import usable_cpus
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import Task
from finetrust.trust.stability.harmless.changes.family import Batch, Change, Family, families
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

MIRRORING = "flip"
ALTERED = "altered"
"""Column of the tables: whether any pixel of the item was changed."""


class HarmlessChanges:
    """Images mirrored, moved, turned, cropped, resized by another filter, or compressed.

    At effort quick a few of each family.
    """

    title = "Harmless changes"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        chosen_families(options.harmless_changes)

    def plan(self, bench: Bench) -> Sequence[Step]:
        chosen = chosen_families(bench.options.harmless_changes, bench.dataset.mirrored_alike)
        if not chosen:
            raise NotApplicable("no harmless change was asked for")
        bench.require_rows_of_logits()
        preprocessing = bench.inference.preprocessing
        if not isinstance(preprocessing, Preprocessing):
            raise NotApplicable("the inputs are not images of one size")
        rows = bench.sample()
        return [
            Step(
                f"{family.name}.{change.name}",
                partial(changed_answers, bench, rows, f"{family.name} {change.name}", change),
                forward=len(rows),
            )
            for family in chosen
            for change in family.changes(preprocessing)
            if change.brief or bench.effort.name != "quick"
        ]


def chosen_families(names: Sequence[str] | None, mirrored_alike: bool = True) -> list[Family]:
    """Return the families that the user names, or the usual ones; an unknown one is an error.

    Parameters
    ----------
    names : sequence of str or None
    mirrored_alike : bool
        Whether a mirrored input still shows the same; else none is mirrored unless it is named.
    """
    if names is not None:
        return [families.get(name) for name in dict.fromkeys(names) if name != "none"]
    usual = [family for _, family in families.items() if family.usual]
    return [family for family in usual if mirrored_alike or family.name != MIRRORING]


def changed_answers(bench: Bench, rows: np.ndarray, label: str, change: Change) -> Predictions:
    """Return what the model says about changed images, and which of them were altered at all.

    A batch of which the change alters no pixel is not put to the model again.
    """
    parts, order = [], []
    for part, pixels in bench.batches(rows, label):
        found = change.apply(Batch(pixels, partial(_originals, bench.dataset, part)))
        altered = (found != pixels).flatten(1).any(dim=1).cpu().numpy()
        if altered.any():
            table = bench.predictions(part, bench.inference(found))
        else:
            table = bench.clean.take(part).without("features")
        parts.append(replace(table, columns={**table.columns, ALTERED: altered}))
        order.append(np.searchsorted(rows, part))
    return in_order(parts, order)


def _originals(dataset: Dataset, rows: np.ndarray) -> list[Image.Image]:
    with ThreadPoolExecutor(usable_cpus()) as threads:
        return list(threads.map(dataset.inputs.__getitem__, map(int, rows)))


trials.add("harmless_changes", HarmlessChanges())
