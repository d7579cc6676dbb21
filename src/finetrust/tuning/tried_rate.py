"""The learning rate of the pretrained layers that short trials choose for a run, once in its life."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from finetrust.core.progress import say
from finetrust.core.standard_error import error_of_share
from finetrust.tuning.loop import Loop, Stage
from finetrust.tuning.strategy import Phase

RATES = (1e-3, 2e-4, 4e-5, 8e-6)
"""What is tried: for a network that has far to go, one that is nearly there, and those that larger steps
would spoil, as they do most transformers."""
PART, FEWEST, MOST = 0.125, 40, 200
"""How long a trial takes: this part of the phase's steps, but no fewer and no more of them than these."""

_DECISION = "backbone_learning_rate"


def tried_rate(
    number: int, phase: Phase, stage_of: Callable[[Phase], Stage], loop: Loop, items: int
) -> float:
    """Return the rate of the pretrained layers with which a short run does well on validation data.

    Every candidate starts from the same weights, sees the same batches and goes through the whole
    schedule in fewer steps; :func:`best_rate` chooses. Where training passes are disturbed, as by an
    attack, a trial's figures are those of validation inputs of which as large a share is disturbed.
    Where there are no validation data, or no trial has a finite loss, the rate of `phase` stays.

    Parameters
    ----------
    number : int
        Of the phase in the run.
    phase : Phase
        The first that trains the backbone.
    stage_of : callable
        The stage of a phase.
    loop : Loop
    items : int
        How many the validation data have.
    """
    folder = loop.folder
    if _DECISION not in folder.record["decisions"]:
        decided = _decided(number, phase, stage_of, loop, items)
        loop.accelerator.wait_for_everyone()
        if loop.accelerator.is_main_process:
            folder.write_record(decisions={**folder.record["decisions"], _DECISION: decided})
            say(f"{phase.name}: learning rate {decided['rate']:.2g} for the pretrained layers.")
        loop.accelerator.wait_for_everyone()
    return float(folder.record["decisions"][_DECISION]["rate"])


def best_rate(tried: Sequence[Mapping[str, Any]], primary: str, items: int) -> float | None:
    """Return the rate that trials speak for; None if none of them has figures.

    The task's primary figure decides, then the loss, then the lower rate. Of accuracies, what one
    standard error of the best one does not tell apart counts as equal, and the highest of those rates is
    taken: few validation items must not decide by chance how far the network may go from its start. The
    error is that of single answers; a mean of plain and disturbed ones has no larger one.

    Parameters
    ----------
    tried : sequence of mapping
        ``rate`` and ``figures`` of each trial.
    primary : str
        Name of the primary figure.
    items : int
        How many the figures rest on.

    References
    ----------
    Breiman, Friedman, Olshen & Stone 1984, "Classification and Regression Trees", section 3.4.3.
    """
    known = [trial for trial in tried if trial["figures"]]
    if not known:
        return None
    best = max(known, key=partial(_rank, primary=primary))
    if primary != "accuracy":
        return float(best["rate"])
    accuracy = best["figures"][primary]
    least = accuracy - error_of_share(accuracy, items)
    return float(max(trial["rate"] for trial in known if trial["figures"][primary] >= least))


def _decided(
    number: int, phase: Phase, stage_of: Callable[[Phase], Stage], loop: Loop, items: int
) -> dict[str, Any]:
    """Return the rate and the trials that it was chosen by, as the record has them."""
    tried: list[dict[str, Any]] = []
    steps, share = 0, 0.0
    for rate in RATES:
        stage = stage_of(replace(phase, backbone_learning_rate=rate))
        if not stage.validation.per_epoch:
            break
        steps = trial_steps(phase.epochs * stage.batches.per_epoch)
        validated = loop.trial(number, stage, steps)
        share = validated.share
        finite = all(map(math.isfinite, validated.figures.values()))
        known = {"figures": validated.figures, **validated.facts} if finite else {"figures": {}}
        tried.append({"rate": rate, **known})
    found = best_rate(tried, loop.task.primary, items)
    rate = phase.backbone_learning_rate if found is None else found
    return {"rate": rate, "steps": steps, "items": items, "disturbed": share, "tried": tried}


def trial_steps(steps: int) -> int:
    """Return how many steps a trial takes of a phase of `steps`."""
    return min(max(math.ceil(PART * steps), FEWEST), MOST, steps)


def _rank(trial: Mapping[str, Any], primary: str) -> tuple[float, float, float]:
    figures = trial["figures"]
    return figures[primary], -figures.get("loss", 0.0), -trial["rate"]
