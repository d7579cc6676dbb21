"""Full fine-tuning: every layer trains from the first step, lower layers more slowly."""

from finetrust.config import TuneOptions
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.strategy import Phase, backbone_phase, strategies


@strategies.register("full")
def full(options: TuneOptions, layers: int, defaults: TrainingDefaults) -> list[Phase]:
    """Return one phase that trains everything, with discriminative rates (Howard & Ruder 2018, § 3.2)."""
    return [backbone_phase(options, defaults, "full", options.epochs or defaults.full_epochs, None)]
