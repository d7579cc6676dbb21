"""How a text is explained in a report: by which method, and what stands against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetrust.trust.interpretability.belief import changes_with_weights
from finetrust.trust.interpretability.choice import chosen_method
from finetrust.trust.interpretability.explanation import Decisions
from finetrust.trust.interpretability.words.candidates import FIRST
from finetrust.trust.interpretability.words.method import word_methods
from finetrust.trust.interpretability.words.word_attributions import WordAttributions

NOT_BELIEVED = (
    "Not to be believed: these weights hardly change when the weights of the network are drawn anew, so "
    "they tell of the text and not of the network."
)
_ERROR_WORTH_TELLING = 0.05


@dataclass(frozen=True)
class Explainer:
    """The method that explains the texts of a report.

    Parameters
    ----------
    method : str
        Its registered name.
    believed : bool
        Whether nothing speaks for it that it explains the text and not the network.
    """

    method: str
    believed: bool = True

    def facts(self, found: WordAttributions) -> Mapping[str, Any]:
        """Return what of an explanation a picture tells, as JSON values."""
        chosen = word_methods.get(self.method)
        return {
            "tokens": found.tokens(),
            "method": self.method,
            "method_title": chosen.title,
            "signed": chosen.signed,
            **({} if found.error is None else {"completeness_error": found.error}),
            **({} if self.believed else {"warning": NOT_BELIEVED}),
        }


def explainer_of(decisions: Decisions) -> Explainer:
    """Return the method that was chosen; where none was, Integrated Gradients."""
    tables = {} if decisions.bench is None else decisions.bench.found
    method = chosen_method(tables)
    if method is None:
        return Explainer(FIRST)
    answer = changes_with_weights(tables, method)
    return Explainer(method, answer != "does not change with the weights")


def missed(error: float | None) -> str:
    """Return in words what the weights leave unexplained, where it is worth telling."""
    if error is None or error <= _ERROR_WORTH_TELLING:
        return ""
    return f" (the weights miss {error:.0%} of the difference that they should explain)"
