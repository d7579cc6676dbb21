"""Which candidates are shortcuts: how much changes without them, by more than chance.

Each is replaced in several ways, and counts only as far as all of them agree (an intersection-union
test: Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24(4), 1982),
with Holm's correction for how many are judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetrust.trust.accuracy.intervals import bootstrap_share, wilson
from finetrust.trust.comparison.holm import holm
from finetrust.trust.comparison.shares import share_difference
from finetrust.trust.interpretability.shortcuts.outcome import Judged, Outcome
from finetrust.trust.interpretability.shortcuts.part import Box, Kind
from finetrust.trust.interpretability.shortcuts.reliance import Reliance

LEVEL = 0.05
SIZE = 0.1
WIDE_SIZE = 0.5
WIDE: frozenset[Kind] = frozenset({"border", "background", "colour"})
"""Kinds that hold honest evidence too: the sky around an aeroplane, the colour of a frog."""

AT_FIXED_PIXELS: frozenset[Kind] = frozenset({"border", "corner", "cell", "patch", "detail"})
"""Kinds that hold a part of the object itself where objects lie at the same place in all images."""


@dataclass(frozen=True)
class Share:
    """A share of n items with its 95 % interval (Wilson)."""

    value: float
    ci_low: float
    ci_high: float
    n: int

    @classmethod
    def of(cls, holds: np.ndarray) -> "Share":
        """Return the share of a bool array (n,)."""
        low, high = wilson(holds.sum(), len(holds))
        return cls(float(holds.mean()), float(low), float(high), len(holds))


@dataclass(frozen=True)
class Change:
    """How much smaller or larger a share of the same n items became.

    Parameters
    ----------
    value, ci_low, ci_high : float
        With the 95 % interval of paired shares (Bonett & Price 2012).
    p_value : float
        McNemar's exact test, two-sided; 1 where the change is not in the direction asked about.
    n : int
    """

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int


@dataclass(frozen=True)
class Removal:
    """What one way to replace a part does to the accuracy of a class.

    Parameters
    ----------
    filling : str
    without : Share
        The accuracy with the part replaced.
    fall : Change
        From the images with this part from their own class (other fillings: the untouched images).
    """

    filling: str
    without: Share
    fall: Change


@dataclass(frozen=True)
class Shortcut:
    """A part of the images that was judged as a shortcut to a class.

    Parameters
    ----------
    kind, place : str
        What it is, and where.
    box : (x1, y1, x2, y2) or None
        In pixels; None where it is not a place.
    label : int
        The class that it leads to.
    accuracy : Share
        Of the class, as the images are.
    removals : tuple of Removal
        The accuracy of the class without it, one for each way to replace it.
    fall : Change
        Of the accuracy of the class, by the way to replace it that costs least; the p-value is the
        largest of all ways.
    turned : Change
        The share of items of other classes that turn into this class with this part from it.
    adjusted_p : float
        The smaller of the two p-values after Holm's correction over all that were judged.
    needed, misleading : bool
        Whether the fall, and the turning of others, is significant and larger than the size asked
        about.
    heat : Reliance or None
        The share of the heat of the class that lies in the place.
    """

    kind: Kind
    place: str
    box: Box | None
    label: int
    accuracy: Share
    removals: tuple[Removal, ...]
    fall: Change
    turned: Change
    adjusted_p: float
    needed: bool
    misleading: bool
    heat: Reliance | None

    @property
    def alarm(self) -> bool:
        """Whether one of the two effects is significant and larger than the size asked about."""
        return self.needed or self.misleading

    @property
    def without(self) -> Removal:
        """The way to replace it that costs least."""
        return min(self.removals, key=lambda removal: removal.fall.value)

    @property
    def effect(self) -> float:
        """The larger of the two effects."""
        return max(self.fall.value, self.turned.value)


def decisions(judged: Judged, size: float = SIZE, wide_size: float = WIDE_SIZE) -> list[Shortcut]:
    """Return the judgement of each outcome, in their order.

    Parameters
    ----------
    judged : Judged
    size : float
        An effect on this share of the items, or on less, raises no alarm.
    wide_size : float
        The same for parts that hold honest evidence too: border, background and colour. Networks that
        nobody planted anything in go by them: the colour of aeroplanes turned 35 % of the other images
        for a small one on CIFAR-10.

    Notes
    -----
    Where objects lie at the same place in all images, a part at fixed pixels is a part of the object.
    Digits lose up to 36 % of a class with one stroke, and 19 % of the others turn with it. There
    `wide_size` holds, and a fall alone raises no alarm: the part must turn others.
    """
    found = [_measured(outcome, judged) for outcome in judged.outcomes]
    p_values = np.array([p for s in found for p in (s.fall.p_value, s.turned.p_value)])
    adjusted = holm(p_values).reshape(-1, 2)
    return [
        _decided(s, p_fall, p_turned, size, wide_size, judged)
        for s, (p_fall, p_turned) in zip(found, adjusted.tolist(), strict=True)
    ]


def ranked(found: Sequence[Shortcut]) -> list[Shortcut]:
    """Return shortcuts, alarms first and then by the size of the effect."""
    return sorted(found, key=lambda s: (not s.alarm, -s.effect))


def _measured(outcome: Outcome, judged: Judged) -> Shortcut:
    mine = judged.targets == outcome.label
    right = judged.predicted[mine] == outcome.label
    removals = []
    for k, (filling, taken) in enumerate(outcome.without.items()):
        # Only what comes from another class is held against the same from the own class.
        base = outcome.own[mine] == 1 if k == 0 else right
        left = taken[mine] == 1
        removals.append(Removal(filling, Share.of(left), _rise(~base, ~left)))
    least = min((removal.fall for removal in removals), key=lambda fall: fall.value)
    asked = np.isfinite(outcome.before)
    return Shortcut(
        kind=outcome.kind,
        place=outcome.place,
        box=outcome.box,
        label=outcome.label,
        accuracy=Share.of(right),
        removals=tuple(removals),
        fall=replace(least, p_value=max(removal.fall.p_value for removal in removals)),
        turned=_rise(outcome.before[asked] == 1, outcome.after[asked] == 1),
        adjusted_p=1.0,
        needed=False,
        misleading=False,
        heat=_heat(outcome),
    )


def _rise(before: np.ndarray, after: np.ndarray) -> Change:
    tested = share_difference(before, after)
    value = float(after.mean() - before.mean())
    p = tested.p_value if value > 0 else 1.0
    return Change(value, float(tested.ci_low), float(tested.ci_high), p, len(before))


def _heat(outcome: Outcome) -> Reliance | None:
    shares = outcome.heat[np.isfinite(outcome.heat)]
    if outcome.area_share is None or not len(shares):
        return None
    low, high = bootstrap_share(shares, seed=0)
    return Reliance(float(shares.mean()), low, high, outcome.area_share, len(shares))


def _decided(
    shortcut: Shortcut,
    p_fall: float,
    p_turned: float,
    size: float,
    wide_size: float,
    judged: Judged,
) -> Shortcut:
    aligned = shortcut.kind in AT_FIXED_PIXELS and judged.aligned(shortcut.label)
    least = wide_size if aligned or shortcut.kind in WIDE else size
    misleading = shortcut.turned.value > least and p_turned <= LEVEL
    # A part of an object is missed too, but it alone does not make others the class.
    needed = shortcut.fall.value > least and p_fall <= LEVEL and (misleading or not aligned)
    return replace(shortcut, adjusted_p=min(p_fall, p_turned), needed=needed, misleading=misleading)
