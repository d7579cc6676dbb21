"""Keep what is costly to compute from an object and what several others read."""

import weakref
from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class once(Generic[S, T]):  # noqa: N801 - a decorator
    """A function of one object, such as evidence, computed once for each and kept as long as that is."""

    def __init__(self, function: Callable[[S], T]) -> None:
        self._function = function
        self._kept: dict[int, tuple[weakref.ref[S], T]] = {}
        update_wrapper(self, function)

    def __call__(self, subject: S) -> T:
        kept = self._kept.get(id(subject))
        if kept is None or kept[0]() is not subject:
            self.give(subject, self._function(subject))
        return self._kept[id(subject)][1]

    def give(self, subject: S, value: T) -> None:
        """Keep `value`, which was found in another way, as that of `subject`."""
        key = id(subject)
        self._kept[key] = weakref.ref(subject, lambda _: self._kept.pop(key, None)), value
