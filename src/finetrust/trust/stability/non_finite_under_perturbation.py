"""Non-finite outputs in the trials: items for which something that was changed led to NaN or infinity."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import has_answer

IDS_SHOWN = 100


@measure(
    "non_finite_under_perturbation",
    axis="stability",
    topic="numerics",
    title="Items that lose their answer in some trial",
    better="lower",
    method="Share of the items in trials (n counts them) for which the model returned NaN or infinity "
    "in at least one of them. Such an answer counts as wrong in every accuracy under that change, and "
    "is left out where probabilities are judged. Wilson interval.",
    reference="IEEE 754-2019, section 6",
    unit="%",
    needs=("logits",),
    share=True,
    meaning="How often a change of the input, the arithmetic or the training makes the model return no "
    "answer at all.",
    secondary=True,
)
def non_finite_under_perturbation(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share over all trials; the details hold count and ids of every table with such items."""
    tables = _tables(evidence)
    if not tables:
        raise NotApplicable("the model was put to no trial on these items")
    seen = np.unique(np.concatenate([table.ids for table in tables.values()]))
    lost = {name: table.ids[~has_answer(table["logits"])] for name, table in tables.items()}
    n_lost = len(np.unique(np.concatenate(list(lost.values()))))
    low, high = wilson(n_lost, len(seen))
    details = {
        name: {"count": len(ids), "n": len(tables[name]), "ids": ids[:IDS_SHOWN].tolist()}
        for name, ids in lost.items()
        if len(ids)
    }
    yield Estimate(n_lost / len(seen), float(low), float(high), len(seen), "", details)


def _tables(evidence: Evidence) -> dict[str, Predictions]:
    """Return the tables of evaluation items that hold logits, by trial and step."""
    return {
        f"{trial}/{step}": table
        for trial, steps in {"corruptions": evidence.perturbed, **evidence.trials}.items()
        for step, table in steps.items()
        if len(table)
        and "logits" in table
        and table["logits"].ndim == 2
        and np.isin(table.ids, evidence.clean.ids).all()
    }
