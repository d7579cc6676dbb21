"""Which single items two models differ on."""

import numpy as np

from finetrust.core.comparison import Flips
from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.probabilities import predicted_classes
from finetrust.trust.comparison.hits import right


def flips(reference: Evidence, other: Evidence, run: str) -> Flips | None:
    """Return the items that one of two models is right on and the other is not.

    Parameters
    ----------
    reference, other : Evidence
        Of the same items in the same order.
    run : str
        What the other is called.

    Returns
    -------
    Flips or None
        None where answers are not simply right or wrong.
    """
    before, after = right(reference), right(other)
    if before is None or after is None:
        return None
    rows = np.concatenate([np.flatnonzero(before & ~after), np.flatnonzero(after & ~before)])
    return Flips(
        run=run,
        n=len(before),
        ids=reference.clean.ids[rows],
        target=_names(reference, reference.clean["target"][rows]),
        reference=_names(
            reference, predicted_classes(reference.clean, reference.calibration)[rows]
        ),
        answer=_names(other, predicted_classes(other.clean, other.calibration)[rows]),
        gained=after[rows],
    )


def _names(evidence: Evidence, indices: np.ndarray) -> np.ndarray:
    largest = int(indices.max(initial=0)) + 1
    names = evidence.classes or tuple(map(str, range(largest)))
    # The last entry is for the items without an answer, whose index is -1.
    return np.asarray([*names, ""])[indices]
