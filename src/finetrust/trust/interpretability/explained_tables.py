"""What trials of explanations found, whatever kind of input was explained."""

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions


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
    found = next((of[step] for of in evidence.trials.values() if step in of), None)
    if found is None:
        raise NotApplicable(evidence.untried.get(trial, "no explanations of this kind were made"))
    if not len(found):
        raise NotApplicable("no item could be explained")
    return found
