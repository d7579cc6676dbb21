"""A comparison: how far apart runs are on each measure, and whether that is more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from finetrust.core.measure import Axis, Measure

LEVEL = 0.05
"""Largest corrected p-value at which a difference is called one."""
SHOWN_FLIPS = 10
SCHEMA_VERSION = 1

Verdict = Literal["better", "worse", "not shown"]


@dataclass(frozen=True)
class Difference:
    """How one measure of a run differs from that of the reference.

    Parameters
    ----------
    run : str
        The run that is held against the reference.
    name, subset, title, unit, better, axis, secondary
        As in :class:`~finetrust.core.measure.Measure`.
    reference, value : float
        The measure of the reference, and of the run.
    ci_low, ci_high : float
        95 % confidence interval of ``value - reference``.
    p_value : float
        Probability of a difference at least as large if there were none.
    adjusted_p : float
        The same, corrected for the number of differences that were tested (Holm).
    n : int
        How many items the measure of the run rests on.
    paired : bool
        Whether the interval takes into account that both were judged on the same items.
    method : str
        How interval and p-value are computed.
    """

    run: str
    name: str
    subset: str
    title: str
    unit: str
    better: Literal["higher", "lower"]
    axis: Axis
    reference: float
    value: float
    ci_low: float
    ci_high: float
    p_value: float
    adjusted_p: float
    n: int
    paired: bool
    method: str
    secondary: bool = False

    @property
    def key(self) -> str:
        """The name that a gate uses: ``accuracy`` or ``recall[class=cat]``."""
        return f"{self.name}[{self.subset}]" if self.subset else self.name

    @property
    def difference(self) -> float:
        """The measure of the run minus that of the reference."""
        return self.value - self.reference

    @property
    def gain(self) -> tuple[float, float, float]:
        """By how much the run is better, with its interval: value, low, high."""
        if self.better == "higher":
            return self.difference, self.ci_low, self.ci_high
        return -self.difference, -self.ci_high, -self.ci_low

    @property
    def verdict(self) -> Verdict:
        """What the corrected p-value allows to be said of the run."""
        if self.adjusted_p > LEVEL or self.difference == 0:
            return "not shown"
        return "better" if self.gain[0] > 0 else "worse"

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {**asdict(self), "difference": self.difference, "verdict": self.verdict}


@dataclass(frozen=True, eq=False)
class Flips:
    """The items on which a run and the reference differ in being right.

    Parameters
    ----------
    run : str
    n : int
        How many items were judged.
    ids : array of str (m,)
        Those that flipped: first the ones that were right and became wrong.
    target, reference, answer : array of str (m,)
        The true class, and the predicted ones; empty where there was no answer.
    gained : bool array (m,)
        Whether wrong became right; else right became wrong.
    """

    run: str
    n: int
    ids: np.ndarray
    target: np.ndarray
    reference: np.ndarray
    answer: np.ndarray
    gained: np.ndarray

    @property
    def n_gained(self) -> int:
        """How many wrong answers became right."""
        return int(self.gained.sum())

    @property
    def n_lost(self) -> int:
        """How many right answers became wrong."""
        return int((~self.gained).sum())

    @property
    def lost(self) -> list[str]:
        """The items that were right and became wrong."""
        return self.ids[~self.gained].tolist()

    @property
    def won(self) -> list[str]:
        """The items that were wrong and became right."""
        return self.ids[self.gained].tolist()

    def columns(self) -> dict[str, list[str]]:
        """Return the table of the items, one entry an item in every column."""
        return {
            "run": [self.run] * len(self.ids),
            "id": self.ids.tolist(),
            "change": np.where(self.gained, "wrong to right", "right to wrong").tolist(),
            "target": self.target.tolist(),
            "reference_answer": self.reference.tolist(),
            "answer": self.answer.tolist(),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the first items as JSON values."""
        return {
            "run": self.run,
            "n": self.n,
            "right_to_wrong": self.n_lost,
            "wrong_to_right": self.n_gained,
            "right_to_wrong_first": self.lost[:SHOWN_FLIPS],
            "wrong_to_right_first": self.won[:SHOWN_FLIPS],
        }


@dataclass(frozen=True)
class Comparison:
    """Runs held against a reference, measure by measure.

    Parameters
    ----------
    reference : str
        The run that the others are held against.
    runs : tuple of str
        The others.
    data : mapping
        Name, split and number of the items that the reference was judged on.
    paired : bool
        Whether all were judged on the same items.
    differences : tuple of Difference
        Run by run, in the order of the measures.
    flips : tuple of Flips
        One a run; empty where answers are not simply right or wrong, or the items differ.
    missing : mapping of str to tuple of str
        For each run, the measures that the reference or the run lacks.
    notes : tuple of str
        What a reader must know.
    """

    reference: str
    runs: tuple[str, ...]
    data: Mapping[str, Any]
    paired: bool
    differences: tuple[Difference, ...]
    flips: tuple[Flips, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, run: str) -> tuple[Difference, ...]:
        """Return the differences of one of the runs."""
        return tuple(d for d in self.differences if d.run == run)

    def __getitem__(self, key: str) -> Difference:
        """Return the difference of the first run in a measure, e.g. ``comparison["accuracy"]``."""
        return next(d for d in self.differences if d.key == key)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "reference": self.reference,
            "runs": list(self.runs),
            "data": dict(self.data),
            "paired": self.paired,
            "differences": [d.to_dict() for d in self.differences],
            "flips": [f.to_dict() for f in self.flips],
            "missing": {run: list(keys) for run, keys in self.missing.items()},
            "notes": list(self.notes),
        }


def in_common(
    reference: Sequence[Measure], other: Sequence[Measure]
) -> tuple[list[tuple[Measure, Measure]], list[str]]:
    """Return the measures that have a value in both, in pairs, and the keys of those in one only."""
    theirs = {m.key: m for m in other if m.applies}
    ours = {m.key: m for m in reference if m.applies}
    pairs = [(m, theirs[key]) for key, m in ours.items() if key in theirs]
    return pairs, [key for key in (*ours, *theirs) if (key in ours) != (key in theirs)]
