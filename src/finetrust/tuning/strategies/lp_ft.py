"""LP-FT: first a linear probe, then full fine-tuning from the head it found (Kumar et al. 2022)."""

from finetrust.config import TuneOptions
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.strategy import Phase, backbone_phase, head_phase, strategies


@strategies.register("lp-ft")
def lp_ft(options: TuneOptions, layers: int, defaults: TrainingDefaults) -> list[Phase]:
    """Return a probe of some cheap epochs on the frozen backbone, then phases of full fine-tuning.

    A head that already fits keeps the first steps of fine-tuning from distorting the pretrained
    features (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform
    Out-of-Distribution", § 3).
    """
    probe = head_phase(
        options.model_copy(update={"augment": None, "learning_rate": None}),
        defaults,
        "linear-probe",
        defaults.probe_epochs,
    )
    return [
        probe,
        backbone_phase(options, defaults, "full", options.epochs or defaults.full_epochs, None),
    ]
