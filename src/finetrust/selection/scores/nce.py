"""NCE: what the model's own top class says about the answers (Tran et al. 2019)."""

import numpy as np

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import score


@score(
    "nce",
    title="NCE",
    paper="Tran, Nguyen & Hassner (2019), Transferability and Hardness, ICCV",
    source=True,
    features=False,
)
def nce(evidence: Evidence) -> float:
    """Return the negative conditional entropy of the answers given the model's own top class.

    With ``z_i`` the source class that the model finds likeliest for item i, and P empirical::

        NCE = -H(Y | Z) = sum_{y, z} P(y, z) log P(y | z)

    Tran, Nguyen & Hassner (2019), "Transferability and Hardness of Supervised Classification
    Tasks", ICCV. At most 0, in nats. Empty cells add nothing, as in the limit;
    thuml/Transfer-Learning-Library adds 1e-20 to every P(y | z) for that, and dbolya/parc 1e-5 to
    every cell of P.
    """
    assert evidence.source_logits is not None
    top = evidence.source_logits.argmax(axis=1)
    counts = np.zeros((len(evidence.class_sizes), evidence.source_logits.shape[1]))
    np.add.at(counts, (evidence.codes, top), 1)
    answer, source = np.nonzero(counts)
    cells = counts[answer, source]
    return float((cells * np.log(cells / counts.sum(axis=0)[source])).sum() / len(evidence))
