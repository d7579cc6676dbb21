"""The names of the classes, as a reader sees them."""

from finetrust.core.evidence import Evidence


def class_names(evidence: Evidence) -> list[str]:
    """Return one name for each logit: the evidence's, or ``"0"``, ``"1"``... without."""
    n_classes = evidence.clean["logits"].shape[1]
    return list(evidence.classes) or [str(i) for i in range(n_classes)]
