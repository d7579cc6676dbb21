"""Gradual unfreezing: the head first, then layer after layer from the top (Howard & Ruder 2018, § 3.3)."""

from finetrust.config import TuneOptions
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.strategy import Phase, backbone_phase, head_phase, strategies


@strategies.register("gradual-unfreeze")
def gradual_unfreeze(options: TuneOptions, layers: int, defaults: TrainingDefaults) -> list[Phase]:
    """Return a head phase, then one epoch per stage with ever more layers, the last stage with all.

    With fewer epochs than layers, several layers are unfrozen at each stage; epochs that are left
    over train everything.
    """
    epochs = options.epochs or defaults.full_epochs
    head = head_phase(
        options.model_copy(update={"augment": None, "learning_rate": None}), defaults, "head", 1
    )
    if epochs == 1:
        return [head]
    stages = min(epochs - 1, layers)
    phases = [head]
    for stage in range(1, stages + 1):
        open_layers = round(layers * stage / stages)
        last = stage == stages
        phases.append(
            backbone_phase(
                options,
                defaults,
                "all layers" if last else f"top {open_layers} layers",
                epochs - stages if last else 1,
                None if last else open_layers,
            )
        )
    return phases
