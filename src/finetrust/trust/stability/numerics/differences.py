"""What other ways to compute a network change, item by item.

After Goldberg, "What Every Computer Scientist Should Know About Floating-Point Arithmetic", ACM
Computing Surveys 1991: sums in another order or precision are other numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence
from finetrust.core.once import once
from finetrust.trust.accuracy.probabilities import NO_ANSWER, has_answer, predicted_classes
from finetrust.trust.stability.numerics.trial import REASON, REFERENCE
from finetrust.trust.trials.same_items import same_items

TRIAL = "numerics"
VARIANTS = (
    "Variants: bf16 (the backbone); channels-last memory; each item in a batch of its own; batch norm "
    "folded into convolutions; exported to ONNX and run by ONNX Runtime; and the path on which this "
    "evaluation was made. Each against fp32 as trained, in ordinary batches."
)


@dataclass(frozen=True, eq=False)
class Differences:
    """The same n items, computed in every way that there is.

    Parameters
    ----------
    ids : str array (n,)
    flipped : mapping of variant to bool array (n,)
        Whether the answer is another one. An item without a finite output in either counts.
    largest : mapping of variant to float array (n,)
        The largest absolute difference of any of its logits; NaN without finite outputs.
    absent : tuple of Absence
        The variants that could not run, and why.
    """

    ids: np.ndarray
    flipped: Mapping[str, np.ndarray]
    largest: Mapping[str, np.ndarray]
    absent: tuple[Absence, ...]


@once
def differences(evidence: Evidence) -> Differences:
    """Return what the trial of numerics found.

    Raises
    ------
    NotApplicable
        If it was not held, or no variant could run.
    """
    tables = evidence.tables(TRIAL)
    absent = tuple(
        Absence(str(table[REASON][0]) if len(table) else "there are no items", f"variant={name}")
        for name, table in tables.items()
        if REASON in table
    )
    ran = {name: table for name, table in tables.items() if REASON not in table}
    reference = ran.pop(REFERENCE, None)
    if reference is None or not ran:
        raise NotApplicable("the network was not computed in two ways")
    expected, *others = same_items([reference, *ran.values()])
    answer = predicted_classes(expected, evidence.calibration)
    flipped, largest = {}, {}
    for name, found in zip(ran, others, strict=True):
        kept = predicted_classes(found, evidence.calibration) == answer
        flipped[name] = ~(kept & (answer != NO_ANSWER))
        largest[name] = _largest(expected["logits"], found["logits"])
    return Differences(expected.ids, flipped, largest, absent)


def _largest(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    answered = has_answer(expected) & has_answer(found)
    largest = np.full(len(expected), np.nan)
    apart = found[answered].astype(np.float64) - expected[answered].astype(np.float64)
    largest[answered] = np.abs(apart).max(axis=1)
    return largest
