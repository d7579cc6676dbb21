"""The evidence of one group: what is known of its items, with their answers not computed again."""

from dataclasses import fields, replace

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.answers import (
    Answers,
    answers_of,
    decisions_of,
    uncalibrated_answers_of,
)


def part_of(evidence: Evidence, rows: np.ndarray) -> Evidence:
    """Return the evidence of the clean items at `rows` (ascending int array).

    What no measure of the accuracy of a group reads is left behind: features, perturbed copies, and
    other ways to divide the items.
    """
    lean = replace(
        evidence,
        clean=evidence.clean.without("features"),
        perturbed={},
        trials={},
        groups={},
        protected=(),
        properties={},
    )
    part = lean.take(rows)
    if "logits" in evidence.clean:
        _hand_over(evidence, part, rows)
    return part


def _hand_over(evidence: Evidence, part: Evidence, rows: np.ndarray) -> None:
    decisions_of.give(part, decisions_of(evidence)[rows])
    place = np.full(len(evidence.clean), -1)
    place[rows] = np.arange(len(rows))
    for kept in (answers_of, uncalibrated_answers_of):
        try:
            whole = kept(evidence)
        except NotApplicable:
            continue
        there = place[whole.rows] >= 0
        if there.any():
            columns = {f.name: getattr(whole, f.name)[there] for f in fields(Answers)}
            columns["rows"] = place[columns["rows"]]
            kept.give(part, Answers(**columns))
