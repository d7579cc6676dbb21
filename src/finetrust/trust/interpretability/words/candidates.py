"""Which methods are tried on a network of texts."""

from collections.abc import Sequence

from finetrust.trust.interpretability.candidates import able_to_explain, names_to_try
from finetrust.trust.interpretability.words.method import ExplainedTexts, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName

FIRST = "integrated_gradients"
"""What explains where nothing can be compared."""

_ORDINARY = 20


def candidate_names(named: Sequence[str] | None, effort: EffortName) -> list[str]:
    """Return the names of the methods to try, as :func:`names_to_try` does; then the cheapest first."""
    return names_to_try(
        word_methods,
        named,
        effort,
        lambda name, method: (name != FIRST, sum(method.passes(_ORDINARY)), name),
    )


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
    return able_to_explain(word_methods, names, lambda method: method.applies(explained, example))
