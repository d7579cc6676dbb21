"""How many items a bootstrap interval takes at the least."""

import numpy as np

from finetrust.core.errors import NotApplicable


def at_least_two(items: np.ndarray) -> None:
    """Raise NotApplicable for fewer than two items: resampling one shows no uncertainty."""
    if len(items) < 2:
        raise NotApplicable(f"{len(items)} item with finite outputs; an interval takes at least 2")
