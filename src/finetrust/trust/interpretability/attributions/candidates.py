"""Which attribution methods are tried on a network: those that the user names, or those of the effort."""

from collections.abc import Sequence

from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.trials.effort import EffortName

FIRST = ("chefer", "grad_cam")
"""What explains where nothing can be compared: each looks at what the network computes last, and both
pass the checks of Adebayo et al. 2018."""

_EFFORTS: tuple[EffortName, ...] = ("quick", "standard", "full")


def candidate_names(named: Sequence[str] | None, effort: EffortName) -> list[str]:
    """Return the names of the methods to try, the most sensible first.

    Parameters
    ----------
    named : sequence of str or None
        What the user asks for; in this order.
    effort : {"quick", "standard", "full"}
        A method is tried from its own effort on.

    Raises
    ------
    UserError
        If a name is unknown.
    """
    if named is not None:
        for name in named:
            attributions.get(name)
        return list(dict.fromkeys(named))
    worth = _EFFORTS[: _EFFORTS.index(effort) + 1]
    usual = {name: method for name, method in attributions.items() if method.effort in worth}
    return sorted(usual, key=lambda name: (_rank(name), usual[name].passes, name))


def candidates(explained: Explained, example: Tensor, names: Sequence[str]) -> list[str]:
    """Return those of the methods that can explain the network.

    Parameters
    ----------
    explained : Explained
    example : float tensor (1, 3, h, w)
    names : sequence of str

    Raises
    ------
    NotApplicable
        If none can, with what stands against the first.
    """
    found, obstacles = [], []
    for name in names:
        try:
            attributions.get(name).applies(explained, example)
        except NotApplicable as obstacle:
            obstacles.append(f"{attributions.get(name).title}: {obstacle}")
        else:
            found.append(name)
    if not found:
        raise NotApplicable(
            "no attribution method explains this model. " + "; ".join(dict.fromkeys(obstacles))
            if obstacles
            else "no attribution method is asked for"
        )
    return found


def _rank(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)
