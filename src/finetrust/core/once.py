"""Keep what is costly to compute from evidence and what several measures read."""

import weakref
from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar

from finetrust.core.evidence import Evidence

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator
    """A function of evidence, computed once for each and kept as long as that is."""

    def __init__(self, function: Callable[[Evidence], T]) -> None:
        self._function = function
        self._kept: dict[int, tuple[weakref.ref[Evidence], T]] = {}
        update_wrapper(self, function)

    def __call__(self, evidence: Evidence) -> T:
        kept = self._kept.get(id(evidence))
        if kept is None or kept[0]() is not evidence:
            self.give(evidence, self._function(evidence))
        return self._kept[id(evidence)][1]

    def give(self, evidence: Evidence, value: T) -> None:
        """Keep `value`, which was found in another way, as that of `evidence`."""
        key = id(evidence)
        self._kept[key] = weakref.ref(evidence, lambda _: self._kept.pop(key, None)), value
