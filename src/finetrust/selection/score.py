"""A score: one number that says, without training, how well a pretrained model would transfer."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Absence
from finetrust.core.registry import Registry
from finetrust.selection.evidence import Evidence

Estimator = Callable[[Evidence], float]


@dataclass(frozen=True)
class Score:
    """The facts of a score and the function that computes it; higher is better for every score.

    Parameters
    ----------
    name : str
        The field's standard term, as in ``--scores``.
    title : str
        What a reader sees.
    paper : str
    estimate : callable
        Pure function of the evidence; raises NotApplicable where it has no meaning.
    source : bool
        Whether it needs the logits of the model's own head.
    features : bool
        Whether it reads the features.
    numbers : bool
        Whether it also applies where the answers are not classes but columns of numbers.
    share : bool
        Whether it is the share of the items that were answered right, without having been learnt
        from, so that it can be said as "94 of 100" (the share of the variance where the answers are
        numbers).
    limit : int or None
        The most items whose own answers it looks at; of more, that many are drawn by the seed.
    """

    name: str
    title: str
    paper: str
    estimate: Estimator
    source: bool = False
    features: bool = True
    numbers: bool = False
    share: bool = False
    limit: int | None = None

    def of(self, evidence: Evidence) -> float | Absence:
        """Return the score, finite; or why there is none."""
        reason = self._obstacle(evidence)
        if reason:
            return Absence(reason, "")
        try:
            value = float(self.estimate(evidence))
        except NotApplicable as error:
            return Absence(str(error), "")
        if not math.isfinite(value):
            return Absence(f"the score is {value}, not a finite number", "")
        return value

    def items(self, evidence: Evidence) -> int:
        """Return how many items the score looks at."""
        return len(evidence) if self.limit is None else min(len(evidence), self.limit)

    def _obstacle(self, evidence: Evidence) -> str:
        if evidence.labels is None and not self.numbers:
            return "the answers are not classes"
        return (
            evidence.answer_flaw
            or (self.source and evidence.source_flaw)
            or (self.features and evidence.feature_flaw)
            or ""
        )


scores: Registry[Score] = Registry("score", "finetrust.selection.scores")


def score(
    name: str,
    *,
    title: str,
    paper: str,
    source: bool = False,
    features: bool = True,
    numbers: bool = False,
    share: bool = False,
    limit: int | None = None,
) -> Callable[[Estimator], Estimator]:
    """Register the decorated function as a score; the parameters are those of :class:`Score`."""

    def decorate(estimate: Estimator) -> Estimator:
        scores.add(
            name, Score(name, title, paper, estimate, source, features, numbers, share, limit)
        )
        return estimate

    return decorate


def score_all(evidence: Evidence) -> dict[str, float | Absence]:
    """Return every registered score by name, or why there is none."""
    return {name: definition.of(evidence) for name, definition in scores.items()}
