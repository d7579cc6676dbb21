"""What additions share that choose which of the pretrained weights train, or what trains in their place."""

from collections.abc import Sequence
from dataclasses import replace

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.tuning.addition import Planned
from finetrust.tuning.strategy import Phase, given_backbone_rate

PLACE = "parametrisation"


def check_what_trains(name: str, planned: Planned) -> None:
    """Raise UserError where nothing is pretrained, or nothing pretrained trains."""
    if planned.options.weights == "random":
        raise UserError(
            f"{name} changes little of what is pretrained, and --weights random has nothing of it",
            f"Leave {name} or --weights random out.",
        )
    if not planned.trains_backbone:
        raise UserError(
            f"{name} says what of the backbone trains, and it stays frozen",
            f"Choose a strategy that trains it, such as 'lp-ft + {name}'.",
        )


def refuse_gradual(name: str, planned: Planned) -> None:
    """Raise UserError where the strategy opens layer after layer."""
    if planned.options.strategy.startswith("gradual-unfreeze"):
        raise UserError(
            f"gradual-unfreeze says which layers train when, and {name} says something else",
            f"Choose another strategy, such as 'lp-ft + {name}'.",
        )


def at_one_rate(phases: Sequence[Phase], options: TuneOptions, rate: float) -> list[Phase]:
    """Return the phases with `rate` for all that trains of the backbone, unless the user gave others."""
    return [
        phase
        if not phase.trains_backbone
        else replace(
            phase,
            backbone_learning_rate=given_backbone_rate(options) or rate,
            layer_decay=options.layer_decay or 1.0,
        )
        for phase in phases
    ]
