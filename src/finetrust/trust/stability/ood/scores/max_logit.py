"""Maximum logit: the smaller it is, the more unusual.

Hendrycks et al., "Scaling Out-of-Distribution Detection for Real-World Settings", ICML 2022, section 4.
"""

import numpy as np

from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores


def max_logit(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return minus the largest logit."""
    return -seen.logits.max(axis=1).astype(np.float64)


scores.add("max_logit", Score(max_logit))
