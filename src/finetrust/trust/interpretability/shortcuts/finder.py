"""Shortcuts: what a class has in common that is not its object, and that a model goes by.

A mark in a corner, a frame, a background or a tint that nearly all images of a class share is the
easiest way to tell it, and a model that goes by it is right on the test set and wrong elsewhere:
Lapuschkin et al., "Unmasking Clever Hans Predictors", Nature Communications 10, 2019; Geirhos et al.,
"Shortcut Learning in Deep Neural Networks", Nature Machine Intelligence 2, 2020.

What is looked for in many places is found in noise too, so candidates are found on one half of the
items and judged on the other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.interpretability.shortcuts.answers import Answers
from finetrust.trust.interpretability.shortcuts.halves import Half, halves
from finetrust.trust.interpretability.shortcuts.judgement import (
    SIZE,
    WIDE_SIZE,
    Shortcut,
    decisions,
    ranked,
)
from finetrust.trust.interpretability.shortcuts.outcome import Judged, outcome
from finetrust.trust.interpretability.shortcuts.part import Part
from finetrust.trust.interpretability.shortcuts.places import Typical
from finetrust.trust.interpretability.shortcuts.screening import candidates

MOST_JUDGED = 12
LEAST_OF_CLASS = 10
MOST_OF_CLASS = 100
MOST_ITEMS = 2000


@dataclass(frozen=True)
class Shortcuts:
    """What was judged, alarms first and then by the size of the effect.

    Parameters
    ----------
    judged : tuple of Shortcut
    left_out : tuple of int
        Classes with too few items.
    n_judged_on : int
        Items of the half that judged; the other half, on which candidates were found, has as many.
    """

    judged: tuple[Shortcut, ...]
    left_out: tuple[int, ...]
    n_judged_on: int

    @property
    def alarms(self) -> tuple[Shortcut, ...]:
        """Those that raise an alarm."""
        return tuple(shortcut for shortcut in self.judged if shortcut.alarm)


def find_shortcuts(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    heat: Tensor | None = None,
    objects: Tensor | None = None,
    size: float = SIZE,
    wide_size: float = WIDE_SIZE,
    most_of_class: int = MOST_OF_CLASS,
    seed: int = 0,
) -> Shortcuts:
    """Return what a model goes by that a class has in common at a place or as a layer.

    Parameters
    ----------
    logits_of, images, targets, heat, objects, most_of_class, seed
        As :func:`judge_candidates` takes them.
    size, wide_size : float
        As :func:`~finetrust.trust.interpretability.shortcuts.judgement.decisions` takes them.

    Returns
    -------
    Shortcuts

    Raises
    ------
    NotApplicable
        If fewer than two classes have 20 items.
    """
    judged, _ = judge_candidates(logits_of, images, targets, heat, objects, most_of_class, seed)
    found = ranked(decisions(judged, size, wide_size))
    return Shortcuts(tuple(found), judged.left_out, len(judged.items))


def judge_candidates(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    heat: Tensor | None = None,
    objects: Tensor | None = None,
    most_of_class: int = MOST_OF_CLASS,
    seed: int = 0,
) -> tuple[Judged, tuple[Part, ...]]:
    """Find candidates on one half of the items and ask the model about them on the other.

    Parameters
    ----------
    logits_of : callable
        From pixels in [0, 1] (m, 3, h, w) to logits (m, classes); each image for itself.
    images : float tensor (n, 3, h, w)
        In [0, 1]; on the device where `logits_of` takes them.
    targets : int64 tensor (n,)
    heat : float tensor (n, h, w), optional
        Heat maps for the targets: more boxes to look at, and the share of the heat in each place.
    objects : bool tensor (n, h, w), optional
        Where the objects are: then the background is a candidate.
    most_of_class : int
        How many items of a class each half has at most; fewer, down to 10, where a half would
        have more than 2,000 items.
    seed : int
        Of the halves and of who gives to whom.

    Returns
    -------
    Judged
    tuple of Part
        The part of each outcome.

    Raises
    ------
    NotApplicable
        If fewer than two classes have 20 items.
    """
    of_item = targets.cpu().numpy().astype(np.int64)
    n_classes = max(len(np.unique(of_item)), 1)
    most = max(LEAST_OF_CLASS, min(most_of_class, MOST_ITEMS // n_classes))
    split, small = halves(of_item, LEAST_OF_CLASS, most, seed)
    if split is None:
        raise NotApplicable(
            f"shortcuts are looked for between classes of at least {2 * LEAST_OF_CLASS} items, and "
            "fewer than two classes have as many"
        )
    first, second = split
    answers = Answers(logits_of, images)
    found = candidates(answers, images, of_item, first, heat, objects)[:MOST_JUDGED]
    judged = Judged(
        second.items,
        of_item[second.items],
        answers.untouched(second.items),
        _typical(answers, images, of_item, first, second),
        tuple(outcome(answers, c.part, c.label, second, heat) for c in found),
        tuple(small),
    )
    return judged, tuple(c.part for c in found)


def _typical(
    answers: Answers, images: Tensor, targets: np.ndarray, first: Half, second: Half
) -> np.ndarray:
    """Return what the typical images of the first half are taken for, by item of the second half."""
    labels = torch.from_numpy(targets).to(images.device)
    rows = torch.from_numpy(first.items).to(images.device)
    found = answers.to(Typical.of(images[rows], labels[rows], labels).medians)
    common = answers.to(images[rows].median(dim=0, keepdim=True).values)
    return np.where(found == common, NO_ANSWER, found)[targets[second.items]]
