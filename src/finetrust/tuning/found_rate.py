"""The learning rate that a range test finds for a run, once in its life."""

from collections.abc import Sequence
from dataclasses import asdict

from finetrust.core.progress import say
from finetrust.tuning.loop import Loop, Stage
from finetrust.tuning.rate_range import found_in, swept_factors
from finetrust.tuning.strategy import Phase


def rated_phase(phases: Sequence[Phase]) -> int:
    """Return the phase before which the learning rate is found: the first that trains the backbone."""
    return next((n for n, phase in enumerate(phases) if phase.trains_backbone), 0)


def rate_factor(number: int, stage: Stage, loop: Loop) -> float:
    """Return what the learning rates are multiplied by; found once in the life of the run."""
    folder = loop.folder
    if "learning_rate_range" not in folder.record["decisions"]:
        factors = swept_factors()
        found = found_in(factors, loop.sweep(number, stage, factors))
        loop.accelerator.wait_for_everyone()
        if loop.accelerator.is_main_process:
            say(
                f"{stage.phase.name}: learning rate {stage.phase.learning_rate * found.factor:.2g}."
            )
            decisions = {**folder.record["decisions"], "learning_rate_range": asdict(found)}
            folder.write_record(decisions=decisions)
        loop.accelerator.wait_for_everyone()
    return folder.record["decisions"]["learning_rate_range"]["factor"]
