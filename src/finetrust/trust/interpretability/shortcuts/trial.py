"""The trial of shortcuts: what classes have in common, taken away, and what the model then answers."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.localisation.objects import objects_in, objects_of
from finetrust.trust.interpretability.shortcuts.answers import Answers
from finetrust.trust.interpretability.shortcuts.class_heat import class_heat
from finetrust.trust.interpretability.shortcuts.drawn_items import drawn_items
from finetrust.trust.interpretability.shortcuts.finder import (
    MOST_JUDGED,
    MOST_OF_CLASS,
    judge_candidates,
)
from finetrust.trust.interpretability.shortcuts.judged_table import STEP, table_of
from finetrust.trust.interpretability.shortcuts.judgement import decisions
from finetrust.trust.interpretability.shortcuts.layers import FINE, Colour
from finetrust.trust.interpretability.shortcuts.outcome import MOST_OTHERS, Judged
from finetrust.trust.interpretability.shortcuts.part import Part
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL = "shortcuts"
CLEARED, GREY, SMOOTH = "cleared", "grey", "smooth"
"""Columns: whether the answer is right without everything that raised an alarm (only where something
did), without colour, and without fine detail."""

_EVERYWHERE, _BOXES_A_CLASS, _WAYS = 24, 4, 5


class ShortcutTrial:
    """Candidates are found on one half of the items and judged on the other."""

    title = "Shortcuts"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ("explanations",)

    def check(self, options: EvaluateOptions, task: Task) -> None:
        """Nothing of its own can be wrong."""

    def plan(self, bench: Bench) -> Sequence[Step]:
        bench.require_rows_of_logits()
        bench.require_pixels()
        rows = drawn_items(bench)
        digest = _digest_of_objects(bench, rows)
        run = partial(shortcuts_table, bench, rows, digest is not None)
        settings = {"objects": digest, "layer": bench.options.target_layer}
        return [Step(STEP, run, settings, forward=_passes(bench, rows), backward=len(rows))]


def shortcuts_table(bench: Bench, rows: np.ndarray, with_objects: bool) -> Predictions:
    """Return what the model answers about the items at `rows` without what their classes share.

    Parameters
    ----------
    bench : Bench
    rows : int64 array (n,)
    with_objects : bool
        Whether it is known of all of them where their objects are.

    Returns
    -------
    Predictions
        Of the items that judged; see :mod:`~finetrust.trust.interpretability.shortcuts.judged_table`.
        ``height`` and ``width`` are those of the images that the network gets.
    """
    images = _pixels(bench, rows)
    targets = torch.from_numpy(bench.clean["target"][rows].astype(np.int64)).to(images.device)
    heat = class_heat(bench, images, targets, bench.seeds(rows))
    objects = objects_of(bench, rows) if with_objects else None
    judged, parts = judge_candidates(
        bench.inference, images, targets, heat, objects, MOST_OF_CLASS, bench.seed
    )
    n, (height, width) = len(judged.items), images.shape[-2:]
    more = {
        "height": np.full(n, height),
        "width": np.full(n, width),
        **_rest(Answers(bench.inference, images), judged),
        **_cleared(bench, images, judged, parts),
    }
    return table_of(judged, [bench.dataset.ids[row] for row in rows[judged.items]], more)


def _pixels(bench: Bench, rows: np.ndarray) -> Tensor:
    """Return the images that the network gets: float tensor (n, 3, h, w) in [0, 1]."""
    height, width = bench.inference.preprocessing.example(1).shape[-2:]
    images = torch.empty(len(rows), 3, height, width, device=bench.inference.device)
    for part, pixels in bench.batches(rows, "images"):
        images[torch.from_numpy(np.searchsorted(rows, part)).to(images.device)] = pixels
    return images


def _rest(answers: Answers, judged: Judged) -> dict[str, np.ndarray]:
    """Return which answers are right without any colour, and without fine detail."""
    fills = {GREY: Colour().fillings["grey"], SMOOTH: _smooth}
    return {
        name: answers.filled(fill, judged.items) == judged.targets for name, fill in fills.items()
    }


def _smooth(images: Tensor, items: Tensor) -> Tensor:
    return gaussian_filter(images[items], max(images.shape[-2:]) * FINE)


def _cleared(
    bench: Bench, images: Tensor, judged: Judged, parts: Sequence[Part]
) -> dict[str, np.ndarray]:
    """Return which answers are right without anything that raises an alarm; changes the images."""
    alarmed = [p for p, s in zip(parts, decisions(judged), strict=True) if s.alarm]
    if not alarmed:
        return {}
    items = torch.from_numpy(judged.items).to(images.device)
    for part in alarmed:
        fill = next(iter(part.fillings.values()))
        for some in items.split(bench.inference.batch_size):
            images[some] = fill(images, some)
    answers = Answers(bench.inference, images).untouched(judged.items)
    return {CLEARED: answers == judged.targets}


def _digest_of_objects(bench: Bench, rows: np.ndarray) -> str | None:
    """Return a mark of where the objects are, if that is known of all the items."""
    try:
        objects = objects_in(bench)
    except NotApplicable:
        return None
    if not np.isin(rows, objects.marked).all():
        return None
    objects.check_sizes(rows)
    return objects.digest(rows)


def _passes(bench: Bench, rows: np.ndarray) -> int:
    """Return about how many items go through the network."""
    half = len(rows) // 2
    of_class = half // max(len(np.unique(bench.clean["target"][rows])), 1)
    found = 2 * half * _EVERYWHERE + 2 * 2 * half * _BOXES_A_CLASS
    judged = MOST_JUDGED * (_WAYS * of_class + 2 * min(MOST_OTHERS, half - of_class))
    return found + judged + 4 * half


trials.add(TRIAL, ShortcutTrial())
