"""A measure: one number with its meaning, its interval, and how it was computed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from finetrust.core.registry import Registry

if TYPE_CHECKING:
    from finetrust.core.evidence import Evidence

Topic = Literal[
    "", "right", "groups", "calibration", "selective", "conformal", "test",
    "damage", "harmless", "attack", "unfamiliar", "retrained", "numerics",
    "explained", "believed", "located", "shortcut", "concept",
]  # fmt: skip
"""The question within its axis that a measure answers.

Accuracy: is it right, for whom, does it know, when should it abstain, sets instead of points. Data:
is the test itself trustworthy. Stability: what if inputs are damaged, if nothing that matters changes,
if someone wants it to fail, if an input is unfamiliar, if it is trained again, if it is computed
otherwise. Interpretability: which explanation is faithful, whether it is to be believed, whether it lies
on the object, whether the model goes by a shortcut, what concepts mean to it.
"""

Axis = Literal["data", "accuracy", "stability", "interpretability"]
AXES: tuple[Axis, ...] = ("data", "accuracy", "stability", "interpretability")


@dataclass(frozen=True)
class Estimate:
    """What a measure's arithmetic returns.

    Parameters
    ----------
    value, ci_low, ci_high : float
        The number and its 95 % confidence interval, in the unit of the measure.
    n : int
        How many items the number rests on.
    subset : str
        Which part of the data, e.g. ``"class=cat"``; empty for all.
    details : mapping
        JSON values that a plot needs (bins, curves, matrices).
    replicates : callable, optional
        Returns the value on every one of the shared resamples of the clean items
        (:func:`finetrust.trust.accuracy.intervals.resampled_means` with ``RESAMPLES``), in their order:
        float64 array (n_resamples,). By it two models that were judged on the same items are compared
        in pairs.
    secondary : bool
        Whether this part is for those who look closer, though its measure is not.
    """

    value: float
    ci_low: float
    ci_high: float
    n: int
    subset: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    replicates: Callable[[], np.ndarray] | None = field(default=None, compare=False, repr=False)
    secondary: bool = False


@dataclass(frozen=True)
class Absence:
    """What a measure's arithmetic returns for a part of the data on which it does not apply.

    Parameters
    ----------
    reason : str
    subset : str
    """

    reason: str
    subset: str


@dataclass(frozen=True)
class Measure:
    """One number of a trust profile.

    ``value`` is None when the measure does not apply, and ``reason`` then says why. The other fields
    are those of :func:`measure` and :class:`Estimate`.
    """

    name: str
    axis: Axis
    title: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    unit: str
    better: Literal["higher", "lower"]
    method: str
    reference: str
    subset: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    share: bool = False
    meaning: str = ""
    topic: Topic = ""
    secondary: bool = False

    @property
    def key(self) -> str:
        """The name that a gate uses: ``accuracy`` or ``recall[class=cat]``."""
        return f"{self.name}[{self.subset}]" if self.subset else self.name

    @property
    def applies(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the measure as JSON values."""
        return asdict(self)


Estimator = Callable[["Evidence"], Iterable[Estimate | Absence]]


@dataclass(frozen=True)
class MeasureDefinition:
    """The facts of a measure and the function that estimates it from evidence."""

    name: str
    axis: Axis
    title: str
    unit: str
    better: Literal["higher", "lower"]
    method: str
    reference: str
    needs: tuple[str, ...]
    estimate: Estimator
    share: bool = False
    meaning: str = ""
    topic: Topic = ""
    secondary: bool = False
    per_group: bool = True

    def measure(self, estimate: Estimate) -> Measure:
        """Return `estimate` with the facts of this definition."""
        figures = {name: value for name, value in vars(estimate).items() if name != "replicates"}
        figures["secondary"] = self.secondary or estimate.secondary
        return Measure(**{**self._facts(), **figures})

    def not_applicable(self, reason: str, subset: str = "") -> Measure:
        """Return this measure, or a part of it, without a value, for the given reason."""
        return Measure(
            **self._facts(),
            value=None,
            ci_low=None,
            ci_high=None,
            n=0,
            reason=reason,
            subset=subset,
        )

    def _facts(self) -> dict[str, Any]:
        names = (
            "name", "axis", "title", "unit", "better", "method", "reference", "share", "meaning",
            "topic", "secondary",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


measures: Registry[MeasureDefinition] = Registry("measure", "finetrust.trust")


def measure(
    name: str,
    *,
    axis: Axis,
    title: str,
    better: Literal["higher", "lower"],
    method: str,
    reference: str,
    unit: str = "",
    needs: tuple[str, ...] = (),
    share: bool = False,
    meaning: str = "",
    topic: Topic = "",
    secondary: bool = False,
    per_group: bool = True,
) -> Callable[[Estimator], Estimator]:
    """Register the decorated function as a measure.

    The function takes :class:`~finetrust.core.evidence.Evidence` and yields one
    :class:`Estimate` for all the data and, where it makes sense, one per subset (or an
    :class:`Absence` for a subset on which it has no meaning). It raises
    :class:`~finetrust.core.errors.NotApplicable` with the reason where it has no meaning.

    Parameters
    ----------
    name : str
        The field's standard term in snake case; the key in gates and JSON.
    axis : {"data", "accuracy", "stability", "interpretability"}
    title : str
        What a reader sees.
    better : {"higher", "lower"}
    method : str
        How value and interval are computed, in one or two sentences that a product owner can read.
    reference : str
        The paper and equation.
    unit : str
        ``"%"`` for shares (stored as 0..1), ``""`` for a bare number.
    needs : tuple of str
        Columns that the clean predictions must have, e.g. ``("logits",)``, or one of several
        (``"logits|predicted_class"``); otherwise the measure is reported as not applicable.
    share : bool
        Whether the value is the share of the n items for which something holds, so that it can be
        said as "94 of 100 cases".
    meaning : str
        What the value says, as one plain sentence for a reader who does not know the term; where
        it is empty, the first sentence of `method` stands in.
    topic : str
        The question within its axis that it answers; see :data:`Topic`.
    secondary : bool
        Whether it is for those who look closer: shown in the report, not in the terminal.
    per_group : bool
        Whether a measure of the accuracy axis is also computed within each subgroup that the user
        names: its estimate for all the data, of which the first without a subset is taken.
    """

    def decorate(estimate: Estimator) -> Estimator:
        definition = MeasureDefinition(
            name, axis, title, unit, better, method, reference, needs, estimate, share, meaning,
            topic, secondary, per_group,
        )  # fmt: skip
        measures.add(name, definition)
        return estimate

    return decorate
