"""The names of the classes, as a reader sees them."""

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions


def class_names(evidence: Evidence) -> list[str]:
    """Return one name for each class: the evidence's, or ``"0"``, ``"1"``... without."""
    return list(evidence.classes) or [str(i) for i in range(_n_classes(evidence.clean))]


def _n_classes(clean: Predictions) -> int:
    if "logits" in clean:
        return clean["logits"].shape[1]
    return int(max(clean["target"].max(), clean["predicted_class"].max())) + 1
