"""The tables of the trial of unfamiliar inputs, as its measures read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.core.predictions import Predictions
from finetrust.trust.stability.ood.choice import Separation, chosen_score, separations
from finetrust.trust.stability.ood.score import Unusualness

Distance = Literal["near", "far"]

CHOICE_WORDS = (
    "By the largest of three scores in proportion to validation items (details: chosen), or with fewer than "
    "30 of these by the one that marks most changed copies of them; no unfamiliar input has a say in that."
)


@dataclass(frozen=True)
class Judged:
    """How unusual items are.

    Parameters
    ----------
    ids : array of str (n,)
        Of the familiar items.
    familiar : mapping of str to float array (n,)
        By the name of the score: items that the model is judged on.
    validation : mapping or None
        The same of validation items.
    separations : mapping of str to Separation
        How well each score tells validation items from changed copies of them.
    unfamiliar : mapping of distance to name to such mappings
    """

    ids: np.ndarray
    familiar: Unusualness
    validation: Unusualness | None
    separations: Mapping[str, Separation]
    unfamiliar: Mapping[str, Mapping[str, Unusualness]]

    @property
    def chosen(self) -> str:
        """The name of the score that stands for all."""
        return chosen_score(self.separations)

    def at(self, distance: Distance) -> Mapping[str, Unusualness]:
        """Return the sets at a distance by name.

        Raises
        ------
        NotApplicable
            If there are none.
        """
        found = self.unfamiliar.get(distance, {})
        if not found:
            raise NotApplicable(_NONE[distance])
        return found

    def validated(self) -> np.ndarray:
        """Return how unusual the validation items are by the chosen score: float array (m,).

        Raises
        ------
        NotApplicable
            If there are none.
        """
        if self.validation is None:
            raise NotApplicable("there are no validation data to set a threshold by")
        return self.validation[self.chosen]


_NONE = {
    "near": "no inputs of unknown classes were given; name some with --ood-data",
    "far": "there are no unfamiliar inputs of another kind for these data",
}


def judged(evidence: Evidence) -> Judged:
    """Return the tables of the trial.

    Raises
    ------
    NotApplicable
        If it was not held.
    """
    tables = evidence.tables("ood")
    by_kind: dict[str, dict[str, Unusualness]] = {}
    for step, table in tables.items():
        kind, _, name = step.partition("-")
        by_kind.setdefault(kind, {})[name] = _scores(table)
    if "familiar" not in tables or not len(tables["familiar"]):
        raise NotApplicable("no familiar items were scored")
    validation = by_kind.get("validation", {}).get("")
    changed = by_kind.get("choice", {})
    return Judged(
        tables["familiar"].ids,
        by_kind["familiar"][""],
        validation,
        separations(validation, changed) if validation is not None else {},
        {distance: by_kind[distance] for distance in ("near", "far") if distance in by_kind},
    )


def _scores(table: Predictions) -> Unusualness:
    return {name: values.astype(np.float64) for name, values in table.columns.items()}


Compare = Callable[[np.ndarray, Sequence[np.ndarray], int], tuple[float, float, float]]
"""From how unusual familiar items (n,) and those of some sets (m,) are, and a seed, to the mean over the
sets and its 95 % interval."""


def by_set_and_score(
    evidence: Evidence, distance: Distance, compare: Compare
) -> Iterator[Estimate]:
    """Yield the mean over the sets by the chosen score, by each score, each set, and each pair of them."""
    found = judged(evidence)
    sets = found.at(distance)

    def estimate(score: str, names: Sequence[str], subset: str, second: bool) -> Estimate:
        familiar, others = found.familiar[score], [sets[name][score] for name in names]
        n = len(familiar) + sum(map(len, others))
        details: dict[str, Any] = {"score": score, "familiar": len(familiar)}
        details["unanswered"] = int(np.isinf(familiar).sum())
        if not subset:
            details |= {
                "chosen": score,
                "separations": {k: asdict(v) for k, v in found.separations.items()},
            }
        value, low, high = compare(familiar, others, evidence.seed)
        return Estimate(value, low, high, n, subset, details, secondary=second)

    yield estimate(found.chosen, list(sets), "", False)
    for score in found.familiar:
        yield estimate(score, list(sets), f"score={score}", True)
    for name in sets:
        yield estimate(found.chosen, [name], f"set={name}", False)
        for score in found.familiar:
            yield estimate(score, [name], f"set={name},score={score}", True)
