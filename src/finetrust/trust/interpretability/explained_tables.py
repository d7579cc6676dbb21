"""What trials of explanations found, whatever kind of input was explained."""

from collections.abc import Mapping

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions


def table_with(tables: Mapping[str, Mapping[str, Predictions]], step: str) -> Predictions | None:
    """Return the table of the step of that name, of whichever trial has it; None where none does."""
    return next((of_trial[step] for of_trial in tables.values() if step in of_trial), None)


def step_of(evidence: Evidence, step: str, trial: str) -> Predictions:
    """Return the table of the step of that name, of whichever trial has it.

    Images, texts, boxes and masks are explained by trials of their own, whose steps have the same
    names and columns.

    Parameters
    ----------
    evidence : Evidence
    step : str
    trial : str
        Whose reason is given where no trial with such a step was held.

    Raises
    ------
    NotApplicable
        If there is no such table, or no item in it.
    """
    found = table_with(evidence.trials, step)
    if found is None:
        raise NotApplicable(evidence.untried.get(trial, "no explanations of this kind were made"))
    if not len(found):
        raise NotApplicable("no item could be explained")
    return found
