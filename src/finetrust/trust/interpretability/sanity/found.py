"""What the trial of the explanations found, as the measures read it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import choice_of, title_of
from finetrust.trust.interpretability.explained_tables import step_of, table_with
from finetrust.trust.trials.same_items import same_items

TRIAL = "sanity"
STEP = "sanity"
AGREEMENT = "agreement"
ANSWER = "answer-"
"""Prefix of the columns that say whether the answer stays under a change: 1 or 0, NaN if no pixel changes."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was found about every candidate.

    Parameters
    ----------
    table : Predictions
        The columns ``METHOD.FIGURE`` of the step ``sanity``.
    methods : tuple of str
        The candidates, that which explains first, then by their gain.
    gains : mapping of str to float
        Mean insertion less deletion area on validation data; empty without such data.
    """

    table: Predictions
    methods: tuple[str, ...]
    gains: Mapping[str, float]

    @property
    def chosen(self) -> str:
        """The method that explains."""
        return self.methods[0]

    def has(self, method: str, figure: str) -> bool:
        """Return whether there is such a figure of a method."""
        return f"{method}.{figure}" in self.table

    def values(self, method: str, figure: str) -> np.ndarray:
        """Return a figure of a method: float64 array (n,), NaN where it is not known."""
        return np.asarray(self.table[f"{method}.{figure}"], dtype=np.float64)

    def tried(self, method: str, check: str) -> np.ndarray:
        """Return which items a method was put to a check on: bool array (n,).

        Parameters
        ----------
        method : str
        check : {"judged", "moved"}
        """
        if not self.has(method, check):
            return np.ones(len(self.table), dtype=bool)
        return np.asarray(self.table[f"{method}.{check}"]).astype(bool)

    def numbered(self, method: str, figure: str) -> tuple[int, ...]:
        """Return the stages K of which there is a column ``METHOD.FIGURE-K``, ascending."""
        prefix = f"{method}.{figure}-"
        found = (
            name.removeprefix(prefix) for name in self.table.columns if name.startswith(prefix)
        )
        return tuple(sorted(int(stage) for stage in found if stage.isdigit()))

    def named(self, method: str, figure: str) -> tuple[str, ...]:
        """Return the names of which there is a column ``METHOD.FIGURE-NAME``."""
        prefix = f"{method}.{figure}-"
        names = self.table.columns
        return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def facts(self, method: str) -> dict[str, str | bool]:
        """Return what the details of every figure of a method say of it."""
        return {"method": method, "title": title_of(method), "chosen": method == self.chosen}


@once
def found_in(evidence: Evidence) -> Found:
    """Return what was found, on the items that are judged.

    Where there was nothing to choose, as for masks, the first method that was tried explains.

    Raises
    ------
    NotApplicable
        If the trial was not held, or the method that explains was not tried.
    """
    table = step_of(evidence, STEP, TRIAL)
    _, table = same_items([evidence.clean, table], "no item that was explained is judged")
    names = [name.removesuffix(".entropy") for name in table.columns if name.endswith(".entropy")]
    choice = table_with(evidence.trials, CHOICE)
    if choice is None:
        if not names:
            raise NotApplicable("no explanation was put to this trial")
        return Found(table, tuple(names), {})
    made = choice_of(choice)
    if made.method not in names:
        raise NotApplicable(f"{title_of(made.method)}, which explains, was not put to this trial")
    others = [name for name in names if name != made.method]
    others.sort(key=lambda name: (-made.gains.get(name, -np.inf), name))
    return Found(table, (made.method, *others), made.gains)
