"""Which methods are tried on a network of texts: those that the user names, or those of the effort."""

from collections.abc import Sequence

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.words.method import ExplainedTexts, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName

FIRST = "integrated_gradients"
"""What explains where nothing can be compared."""

_EFFORTS: tuple[EffortName, ...] = ("quick", "standard", "full")
_ORDINARY = 20


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
            word_methods.get(name)
        return list(dict.fromkeys(named))
    worth = _EFFORTS[: _EFFORTS.index(effort) + 1]
    usual = {name: method for name, method in word_methods.items() if method.effort in worth}
    return sorted(usual, key=lambda name: (name != FIRST, sum(usual[name].passes(_ORDINARY)), name))


def candidates(explained: ExplainedTexts, example: Worded, names: Sequence[str]) -> list[str]:
    """Return those of the methods that can explain the network.

    Parameters
    ----------
    explained : ExplainedTexts
    example : Worded
        A text with a word.
    names : sequence of str

    Raises
    ------
    NotApplicable
        If none can, with what stands against each.
    """
    found, obstacles = [], []
    for name in names:
        method = word_methods.get(name)
        try:
            method.applies(explained, example)
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
