"""Which items are worth a strip, and under which corruption: drawn by the seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import predicted_classes
from finetrust.trust.trials.bench import Bench

Tables = Mapping[str, Mapping[str, Predictions]]
"""What the trials found, by trial and step."""

FLIPS, HOLDS, RIGHT, WRONG = (
    "answer that flips",
    "answer that holds",
    "right answer",
    "wrong answer",
)
MOST = {FLIPS: 2, HOLDS: 2, RIGHT: 2, WRONG: 1}


@dataclass(frozen=True)
class Case:
    """One item.

    Parameters
    ----------
    row : int
        Of the evaluation data.
    kind : str
        Why it was chosen.
    flips : tuple of str
        The steps that flip its answer, among those that were asked for.
    corruption : str
        The type of corruption in which it is shown; empty if there is none.
    """

    row: int
    kind: str
    flips: tuple[str, ...] = ()
    corruption: str = ""


def chosen_cases(
    bench: Bench,
    tables: Tables,
    flipping: Mapping[str, Predictions],
    corruptions: Sequence[str],
) -> list[Case]:
    """Return right answers that some step flips, others that hold and a wrong one, each at random.

    Parameters
    ----------
    bench : Bench
    tables : mapping of str to mapping of str to Predictions
    flipping : mapping of str to Predictions
        The tables in which a flipped answer is looked for; without any, right answers are just right.
    corruptions : sequence of str
        Types of corruption; each case gets one of them.
    """
    rows = bench.sample(costly=True)
    clean = bench.clean.take(rows)
    answers = predicted_classes(clean, bench.calibration)
    right = answers == clean["target"]
    flips = _flips(bench, clean.ids, answers, flipping)
    flipped = np.array([bool(flips[name]) for name in clean.ids.tolist()], dtype=bool)
    rng = np.random.default_rng(bench.seed)
    order = rng.permutation(len(rows))
    types = rng.permutation(list(corruptions)) if corruptions else np.array([""])
    found: list[Case] = []
    others = HOLDS if flipping else RIGHT
    for kind, holds in ((FLIPS, right & flipped), (others, right & ~flipped), (WRONG, ~right)):
        most = min(MOST[kind], bench.options.pictures)
        for place in [place for place in order.tolist() if holds[place]][:most]:
            corruption = str(types[len(found) % len(types)])
            name = str(clean.ids[place])
            found.append(Case(int(rows[place]), kind, flips[name], corruption))
    return found


def severities_of(tables: Tables) -> dict[str, list[int]]:
    """Return the types of corruption that were tried, with their severities in order."""
    found: dict[str, list[int]] = {}
    for step in tables.get("corruptions", {}):
        name, _, severity = step.rpartition("-")
        found.setdefault(name, []).append(int(severity))
    return {name: sorted(found[name]) for name in sorted(found)}


def _flips(
    bench: Bench, ids: np.ndarray, answers: np.ndarray, flipping: Mapping[str, Predictions]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {name: [] for name in ids.tolist()}
    own = dict(zip(ids.tolist(), answers.tolist(), strict=True))
    for step, table in flipping.items():
        others = predicted_classes(table, bench.calibration)
        for name, answer in zip(table.ids.tolist(), others.tolist(), strict=True):
            if name in own and answer != own[name]:
                found[name].append(step)
    return {name: tuple(steps) for name, steps in found.items()}
