"""Free energy of the logits: the higher it is, the more unusual.

Liu, Wang, Owens & Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020, equation 4 with T = 1.
"""

import numpy as np
from scipy.special import logsumexp

from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores


def energy(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return minus log sum exp of the logits."""
    return energy_of(seen.logits)


def energy_of(logits: np.ndarray) -> np.ndarray:
    """Return the energy of logits (n, classes): float64 array (n,)."""
    return -logsumexp(logits.astype(np.float64), axis=1)


scores.add("energy", Score(energy))
