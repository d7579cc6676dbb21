"""What the step ``faithfulness`` holds, as figures beside those of maps that know nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import bootstrap_share
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import Choice, choice_of, title_of
from finetrust.trust.interpretability.explained_tables import step_of, table_with
from finetrust.trust.interpretability.faithfulness.columns import (
    EXPLANATION,
    FAITHFULNESS,
    LEADING,
    RIVAL,
    TRIAL,
)
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.trials.same_items import same_items

NO_FIGURE = "no item has a finite map and finite outputs with parts of the input removed"

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Judged:
    """The chosen explanation and its rivals on the same items.

    Parameters
    ----------
    table : Predictions
        The step ``faithfulness``, of the clean items only.
    choice : Choice
    replacement : str
        The leading one.
    others : tuple of str
    """

    table: Predictions
    choice: Choice
    replacement: str
    others: tuple[str, ...]

    def values(self, column: str) -> np.ndarray | None:
        """Return a column, float array (n,); None if the table lacks it."""
        return self.table.columns.get(column)

    def rivals(self, ending: str) -> dict[str, np.ndarray]:
        """Return the columns ``RIVAL.ending`` of the maps that know nothing, the leading rival first."""
        found = {
            name.removesuffix(f".{ending}"): self.table[name]
            for name in self.table.columns
            if name.endswith(f".{ending}") and not name.startswith(f"{EXPLANATION}.")
        }
        return dict(sorted(found.items(), key=lambda item: (item[0] != RIVAL, item[0])))

    def facts(self) -> dict[str, Any]:
        """Return what the details of every figure say of the explanation."""
        return {"method": self.choice.method, "title": title_of(self.choice.method)}


@once
def judged(evidence: Evidence) -> Judged:
    """Return what the trial of explanations found.

    Raises
    ------
    NotApplicable
        If it was not held, or explained no item.
    """
    found = step_of(evidence, FAITHFULNESS, TRIAL)
    choice = table_with(evidence.trials, CHOICE)
    if choice is None:
        raise NotApplicable("no attribution method was chosen")
    table = same_items([found, evidence.clean], "no item that was explained is judged")[0]
    known = [
        name.split(".")[1]
        for name in table.columns
        if name.startswith(f"{EXPLANATION}.") and name.endswith(".insertion")
    ]
    leading = next((name for name in LEADING if name in known), None)
    if leading is None:
        raise NotApplicable("nothing was removed from the inputs")
    others = tuple(name for name in known if name != leading)
    return Judged(table, choice_of(choice), leading, others)


def figure_estimates(
    evidence: Evidence, figure: str, within: Range = (0.0, 1.0)
) -> Iterator[Estimate | Absence]:
    """Yield the mean of a figure of the explanation, of its rivals, and under other replacements.

    The details hold ``above``, by how much the explanation is higher than each rival on the same items,
    with paired intervals.

    Parameters
    ----------
    evidence : Evidence
    figure : str
        The end of a column: ``"insertion"``.
    within : pair of float
        Bounds of the figure of an item.
    """
    found = judged(evidence)
    ending = f"{found.replacement}.{figure}"
    if f"{EXPLANATION}.{ending}" not in found.table:
        raise NotApplicable("it is not computed for inputs of this kind")
    yield from _beside_rivals(evidence, found, ending, within, {"replacement": found.replacement})
    for other in found.others:
        yield from _under(evidence, found, f"{other}.{figure}", other, within)


def plain_estimates(
    evidence: Evidence, figure: str, within: Range = (0.0, 1.0)
) -> Iterator[Estimate | Absence]:
    """Yield the same of a figure that is known under one replacement only."""
    yield from _beside_rivals(evidence, judged(evidence), figure, within, {})


def mean_estimate(
    evidence: Evidence,
    found: Judged,
    values: np.ndarray,
    within: Range,
    subset: str = "",
    details: Mapping[str, Any] | None = None,
) -> Estimate | Absence:
    """Return the mean over the items that have a figure, with a bootstrap interval over items."""
    known = np.isfinite(values)
    if not known.any():
        return Absence(NO_FIGURE, subset)
    some, ids = values[known], found.table.ids[known]
    low, high = _interval(some, within, evidence.seed)
    return Estimate(
        float(some.mean()),
        low,
        high,
        len(some),
        subset,
        {**found.facts(), **(details or {}), "without_figure": int((~known).sum())},
        partial(_replicates, evidence, ids, some),
        secondary=bool(subset),
    )


def difference(values: np.ndarray, others: np.ndarray, within: Range, seed: int) -> dict[str, Any]:
    """Return by how much the values are higher than others of the same items, with its interval.

    Returns
    -------
    dict
        ``value``, ``ci_low``, ``ci_high``, ``n``; and ``higher``, on how many items they are. Empty
        where no item has both.
    """
    apart = values - others
    apart = apart[np.isfinite(apart)]
    if not len(apart):
        return {}
    width = within[1] - within[0]
    low, high = _interval(apart, (-width, width), seed)
    return {
        "value": float(apart.mean()),
        "ci_low": low,
        "ci_high": high,
        "n": len(apart),
        "higher": int((apart > 0).sum()),
    }


def _beside_rivals(
    evidence: Evidence, found: Judged, ending: str, within: Range, details: Mapping[str, Any]
) -> Iterator[Estimate | Absence]:
    values = found.values(f"{EXPLANATION}.{ending}")
    if values is None or not np.isfinite(values).any():
        raise NotApplicable(NO_FIGURE)
    rivals = found.rivals(ending)
    above = {
        name: apart
        for name, other in rivals.items()
        if (apart := difference(values, other, within, evidence.seed))
    }
    yield mean_estimate(evidence, found, values, within, "", {**details, "above": above})
    for name, other in rivals.items():
        yield mean_estimate(evidence, found, other, within, f"baseline={name}", details)


def _under(
    evidence: Evidence, found: Judged, ending: str, replacement: str, within: Range
) -> Iterator[Estimate | Absence]:
    values = found.values(f"{EXPLANATION}.{ending}")
    if values is None:
        return
    above = {
        name: apart
        for name, other in found.rivals(ending).items()
        if (apart := difference(values, other, within, evidence.seed))
    }
    details = {"replacement": replacement, "above": above}
    yield mean_estimate(evidence, found, values, within, f"replacement={replacement}", details)


def _interval(values: np.ndarray, within: Range, seed: int) -> tuple[float, float]:
    # As shares of the range, so that few values that are all equal are not taken for certain.
    low, width = within[0], within[1] - within[0]
    shares = ((values - low) / width).clip(0, 1)
    ends = bootstrap_share(shares, seed)
    mean = float(values.mean())
    return min(low + width * ends[0], mean), max(low + width * ends[1], mean)


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
