"""Linear probe: the pretrained backbone stays as it is, a new linear head is trained on its features."""

from finetrust.config import TuneOptions
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.strategy import Phase, head_phase, strategies


@strategies.register("linear-probe")
def linear_probe(options: TuneOptions, layers: int, defaults: TrainingDefaults) -> list[Phase]:
    """Return one phase that trains the head alone (Alain & Bengio 2016)."""
    return [head_phase(options, defaults, "linear-probe", options.epochs or defaults.probe_epochs)]
