"""What the trial of shortcuts found, as the measures read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.explained_tables import step_of
from finetrust.trust.interpretability.shortcuts.judged_table import STEP, judged_of
from finetrust.trust.interpretability.shortcuts.judgement import (
    Change,
    Share,
    Shortcut,
    decisions,
    ranked,
)
from finetrust.trust.interpretability.shortcuts.outcome import FROM_OTHERS, Judged, Outcome
from finetrust.trust.interpretability.shortcuts.trial import TRIAL
from finetrust.trust.interpretability.shortcuts.words import alarm_sentence, place_in_words


@dataclass(frozen=True, eq=False)
class Found:
    """The candidates that were judged, alarms first and then by the size of the effect.

    Parameters
    ----------
    table : Predictions
    judged : Judged
    shortcuts : tuple of Shortcut
    outcomes : tuple of Outcome
        Of each of them, item by item.
    """

    table: Predictions
    judged: Judged
    shortcuts: tuple[Shortcut, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def n_alarms(self) -> int:
        """How many of them raise an alarm."""
        return sum(shortcut.alarm for shortcut in self.shortcuts)


@once
def found_shortcuts(evidence: Evidence) -> Found:
    """Return what the trial of shortcuts found.

    Raises
    ------
    NotApplicable
        If it was not held, or there is no item.
    """
    table = step_of(evidence, STEP, TRIAL)
    judged = judged_of(table)
    found = decisions(judged)
    order = ranked(found)
    outcome_of = {id(s): o for s, o in zip(found, judged.outcomes, strict=True)}
    return Found(table, judged, tuple(order), tuple(outcome_of[id(s)] for s in order))


def class_name(evidence: Evidence, label: int) -> str:
    """Return the name of a class, or its number where it has none."""
    return evidence.classes[label] if label < len(evidence.classes) else str(label)


def without_column(outcome: Outcome, shortcut: Shortcut, judged: Judged) -> np.ndarray:
    """Return what the fall is counted from and to, for each item of the class: bool array (n, 2)."""
    mine = judged.targets == shortcut.label
    filling = shortcut.without.filling
    right = judged.predicted[mine] == shortcut.label
    base = outcome.own[mine] == 1 if filling == FROM_OTHERS else right
    return np.stack([base, outcome.without[filling][mine] == 1], axis=1)


def candidate_facts(evidence: Evidence, found: Found, shortcut: Shortcut) -> dict[str, Any]:
    """Return all that is known of a candidate, as JSON values."""
    height, width = (int(found.table[name][0]) for name in ("height", "width"))
    place = place_in_words(shortcut.kind, shortcut.box, height, width)
    name = class_name(evidence, shortcut.label)
    facts: dict[str, Any] = {
        "class": name,
        "kind": shortcut.kind,
        "place": place,
        "candidate": shortcut.place,
        "box": None if shortcut.box is None else list(shortcut.box),
        "height": height,
        "width": width,
        "accuracy": _figures(shortcut.accuracy),
        "without": [
            {"filling": r.filling, **_figures(r.without), "fall": _figures(r.fall)}
            for r in shortcut.removals
        ],
        "fall": _figures(shortcut.fall),
        "turned": _figures(shortcut.turned),
        "adjusted_p": shortcut.adjusted_p,
        "alarm": shortcut.alarm,
        "heat": None
        if shortcut.heat is None
        else {**_figures(shortcut.heat), "even": shortcut.heat.even},
    }
    if shortcut.alarm:
        facts["sentence"] = alarm_sentence(shortcut, name, place)
    return facts


def _figures(found: Share | Change | Any) -> Mapping[str, Any]:
    names = ("value", "ci_low", "ci_high", "n", "p_value")
    return {name: getattr(found, name) for name in names if hasattr(found, name)}
