"""A strategy: which layers train in which phase, how long, and at which learning rates."""

from collections.abc import Callable
from dataclasses import dataclass

from finetrust.config import TuneOptions
from finetrust.core.registry import Registry
from finetrust.tasks.task import TrainingDefaults


@dataclass(frozen=True)
class Phase:
    """One stretch of training with one optimiser.

    Parameters
    ----------
    name : str
    epochs : int
    trainable_layers : int or None
        How many backbone layers, counted from the top, train beside the head; None for all.
    learning_rate : float
        Peak rate of the head.
    backbone_learning_rate : float
        Peak rate of the topmost backbone layer.
    layer_decay : float
        Factor on the rate from each layer to the one below it (discriminative rates).
    augment : str
        One of the task's augmentations; ``"none"`` leaves nothing random.
    """

    name: str
    epochs: int
    trainable_layers: int | None
    learning_rate: float
    backbone_learning_rate: float
    layer_decay: float
    augment: str

    @property
    def trains_backbone(self) -> bool:
        """Whether more than the head trains."""
        return self.trainable_layers != 0


Strategy = Callable[[TuneOptions, int, TrainingDefaults], list[Phase]]
"""From the options, the number of pretrained layers and the task's defaults to the phases."""

strategies: Registry[Strategy] = Registry("strategy", "finetrust.tuning.strategies")


def head_phase(options: TuneOptions, defaults: TrainingDefaults, name: str, epochs: int) -> Phase:
    """Return a phase that trains the head alone, on inputs as they are unless the user augments."""
    rate = _given_rate(options) or defaults.probe_rate
    return Phase(name, epochs, 0, rate, 0.0, 1.0, options.augment or "none")


def backbone_phase(
    options: TuneOptions,
    defaults: TrainingDefaults,
    name: str,
    epochs: int,
    trainable_layers: int | None,
) -> Phase:
    """Return a phase that trains pretrained layers too.

    They take a share of the head's rate, less with every layer down; a network that starts from
    random weights has nothing to preserve and takes one rate throughout.
    """
    scratch = options.weights == "random"
    rate = _given_rate(options) or (defaults.scratch_rate if scratch else defaults.full_rate)
    return Phase(
        name,
        epochs,
        trainable_layers,
        rate,
        given_backbone_rate(options) or (rate if scratch else defaults.backbone_share * rate),
        options.layer_decay or (1.0 if scratch else defaults.layer_decay),
        options.augment or defaults.augment,
    )


def _given_rate(options: TuneOptions) -> float | None:
    """Return the rate that the user sets; where it is found by a range test, the defaults are scaled."""
    return None if options.learning_rate == "auto" else options.learning_rate


def given_backbone_rate(options: TuneOptions) -> float | None:
    """Return the rate of the pretrained layers that the user sets; None where trials choose it."""
    return None if options.backbone_learning_rate == "auto" else options.backbone_learning_rate
