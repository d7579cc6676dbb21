"""Made-up tables of the trial of shortcuts, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.shortcuts.judged_table import table_of
from finetrust.trust.interpretability.shortcuts.outcome import FROM_OTHERS, Judged, Outcome

TRIAL = "shortcuts"
SIDE = 32


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return a mark in a corner that the commonest class hangs on, and a colour that does little."""
    targets, logits = clean["target"], clean["logits"]
    finite = np.isfinite(logits).all(axis=1)
    predicted = np.where(finite, logits.argmax(axis=1), -1)
    labels, counts = np.unique(targets, return_counts=True)
    outcomes: tuple[Outcome, ...] = ()
    if len(labels) > 1:
        outcomes = (
            mark(targets, predicted, int(labels[counts.argmax()])),
            colour(targets, predicted, int(labels[counts.argmin()])),
        )
    unknown = np.full(len(clean), -1)
    judged = Judged(np.arange(len(clean)), targets, predicted, unknown, outcomes)
    right, rows = predicted == targets, np.arange(len(clean))
    more = {
        "height": np.full(len(clean), SIDE),
        "width": np.full(len(clean), SIDE),
        "grey": right & (rows % 5 > 0),
        "smooth": right & (rows % 4 > 0),
        "cleared": right & (rows % 3 > 0),
    }
    return {"shortcuts": table_of(judged, list(clean.ids), more)}


def mark(
    targets: np.ndarray, predicted: np.ndarray, label: int, keeps: int = 9, turns: int = 8
) -> Outcome:
    """Return a mark without which one item in `keeps` of a class is known, and with which many turn."""
    mine, rows = targets == label, np.arange(len(targets))
    return Outcome(
        kind="corner",
        place="bottom right corner",
        box=(26, 26, 32, 32),
        label=label,
        area_share=36 / SIDE**2,
        own=np.where(mine, 1.0, np.nan),
        without={
            name: np.where(mine, rows % keeps == 0, np.nan)
            for name in (FROM_OTHERS, "blur", "mean")
        },
        before=np.where(mine, np.nan, 0.0),
        after=np.where(mine, np.nan, rows % 10 < turns),
        heat=np.where(mine, 0.5 + 0.01 * (rows % 7), np.nan),
    )


def colour(targets: np.ndarray, predicted: np.ndarray, label: int) -> Outcome:
    """Return a colour that a few answers for a class hang on."""
    mine, rows = targets == label, np.arange(len(targets))
    right = mine & (predicted == label)
    return Outcome(
        kind="colour",
        place="colour and contrast",
        box=None,
        label=label,
        area_share=None,
        own=np.where(mine, right, np.nan),
        without={
            name: np.where(mine, right & (rows % 6 > 0), np.nan) for name in (FROM_OTHERS, "grey")
        },
        before=np.where(mine, np.nan, predicted == label),
        after=np.where(mine, np.nan, predicted == label),
        heat=np.full(len(targets), np.nan),
    )
