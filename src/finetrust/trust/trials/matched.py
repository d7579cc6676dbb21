"""The predictions under corruption, matched with those on the same items untouched."""

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.trials.same_items import same_items


def matched(evidence: Evidence) -> tuple[Predictions, dict[str, dict[int, Predictions]]]:
    """Return the clean predictions, and those by corruption type and severity, on the same items.

    Only the items that the clean table and every corrupted one have in common, in the order of their
    ids.

    Raises
    ------
    NotApplicable
        If there are no corrupted items.
    """
    corrupted = {
        (name, int(severity)): predictions
        for perturbation, predictions in evidence.perturbed.items()
        for name, _, severity in [perturbation.rpartition("-")]
        if name and severity.isdigit()
    }
    if not corrupted:
        raise NotApplicable(
            evidence.untried.get("corruptions", "the model was not run on corrupted inputs")
        )
    clean, *others = same_items(
        [evidence.clean, *corrupted.values()],
        "no item was seen untouched and under every corruption",
    )
    by_type: dict[str, dict[int, Predictions]] = {}
    for (name, severity), predictions in zip(corrupted, others, strict=True):
        by_type.setdefault(name, {})[severity] = predictions
    return clean, by_type
