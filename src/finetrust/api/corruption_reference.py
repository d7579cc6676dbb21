"""The evaluated run whose errors under corruption are the measure of 100 % in mCE."""

from typing import Any

from finetrust.api.evaluated_run import EvaluatedRun
from finetrust.core.errors import UserError


def corruption_reference(path: str | None) -> dict[str, Any]:
    """Return the errors of a run as evidence for mCE; nothing where no run is named.

    Parameters
    ----------
    path : str or None
        Folder of an evaluated run.

    Raises
    ------
    UserError
        If it is no run folder, was not evaluated, or not under corruption.
    """
    if path is None:
        return {}
    measured = {measure.key: measure for measure in EvaluatedRun.open(path).profile.measures}
    found = measured.get("corruption_error")
    if found is None or not found.applies:
        reason = "" if found is None else f" ({found.reason})"
        raise UserError(
            f"{path} has no errors under corruption to compare with{reason}",
            "Evaluate it again, or name another run with --corruption-reference.",
        )
    return {"corruption_reference": {"name": path, **found.details}}
