"""Which attribution methods are tried on a network of images."""

from collections.abc import Sequence

from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.candidates import able_to_explain, names_to_try
from finetrust.trust.trials.effort import EffortName

FIRST = ("chefer", "grad_cam")
"""What explains where nothing can be compared: each looks at what the network computes last, and both
pass the checks of Adebayo et al. 2018."""


def candidate_names(named: Sequence[str] | None, effort: EffortName) -> list[str]:
    """Return the names of the methods to try, as :func:`names_to_try` does; then the cheapest first."""
    return names_to_try(
        attributions, named, effort, lambda name, method: (_rank(name), method.passes, name)
    )


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
        If none can, with what stands against each.
    """
    return able_to_explain(attributions, names, lambda method: method.applies(explained, example))


def _rank(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)
