"""Keep what is costly to compute from evidence and what several measures read."""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from finetrust.core.evidence import Evidence

T = TypeVar("T")


def once(function: Callable[[Evidence], T]) -> Callable[[Evidence], T]:
    """Return `function`, computed once for each evidence and kept as long as that is."""
    kept: dict[int, tuple[weakref.ref[Evidence], T]] = {}

    @wraps(function)
    def remembered(evidence: Evidence) -> T:
        key = id(evidence)
        if key not in kept or kept[key][0]() is not evidence:
            value = function(evidence)
            kept[key] = weakref.ref(evidence, lambda _: kept.pop(key, None)), value
        return kept[key][1]

    return remembered
