"""Which methods are tried on a network: those that are named or of the effort, if they can explain it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from finetrust.core.errors import NotApplicable
from finetrust.core.registry import Registry
from finetrust.trust.trials.effort import EffortName

_EFFORTS: tuple[EffortName, ...] = ("quick", "standard", "full")


class Candidate(Protocol):
    """What methods of every kind of input say of themselves."""

    @property
    def title(self) -> str: ...
    @property
    def effort(self) -> EffortName: ...


M = TypeVar("M", bound=Candidate)


def names_to_try(
    methods: Registry[M],
    named: Sequence[str] | None,
    effort: EffortName,
    order: Callable[[str, M], Any],
) -> list[str]:
    """Return the names of the methods to try, the most sensible first.

    Parameters
    ----------
    methods : Registry
    named : sequence of str or None
        What the user asks for; in this order.
    effort : {"quick", "standard", "full"}
        A method is tried from its own effort on.
    order : callable
        From a name and its method to what they are sorted by.

    Raises
    ------
    UserError
        If a name is unknown.
    """
    if named is not None:
        for name in named:
            methods.get(name)
        return list(dict.fromkeys(named))
    worth = _EFFORTS[: _EFFORTS.index(effort) + 1]
    usual = {name: method for name, method in methods.items() if method.effort in worth}
    return sorted(usual, key=lambda name: order(name, usual[name]))


def able_to_explain(
    methods: Registry[M], names: Sequence[str], applies: Callable[[M], None]
) -> list[str]:
    """Return those of the methods that can explain the network.

    Parameters
    ----------
    methods : Registry
    names : sequence of str
    applies : callable
        Raises NotApplicable, with the reason, for a method that cannot.

    Raises
    ------
    NotApplicable
        If none can, with what stands against each.
    """
    found, obstacles = [], []
    for name in names:
        method = methods.get(name)
        try:
            applies(method)
        except NotApplicable as obstacle:
            obstacles.append(f"{method.title}: {obstacle}")
        else:
            found.append(name)
    if not found:
        raise NotApplicable(
            "no attribution method explains this model. " + "; ".join(dict.fromkeys(obstacles))
            if obstacles
            else "no attribution method is asked for"
        )
    return found
