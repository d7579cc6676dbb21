"""The space of a search: choices and ranges for strategy, additions and options of ``finetrust tune``."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from finetrust.config import TuneOptions
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.strategy import Phase, strategies

STRATEGY = "strategy"
ADDITIONS = "additions"
NOTHING = "none"
"""The choice of a place for an addition that leaves it empty."""

OF_BACKBONE = ("backbone_learning_rate", "layer_decay")
"""Options that mean nothing while the head alone trains."""

DIGITS = 4
"""Significant digits of a number that is drawn from a range."""

_PLUS = re.compile(r"\s*\+\s*(?![^(]*\))")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Parameters
    ----------
    values : tuple
        At least one.
    """

    values: tuple[Value, ...]


@dataclass(frozen=True)
class Range:
    """A number between two ends, which belong to it.

    Parameters
    ----------
    low, high : float
    log : bool
        Whether the logarithm is drawn evenly.
    whole : bool
        Whether it is a whole number.
    step : float or None
        The distance of neighbouring values from `low` on.
    relative : bool
        Whether it is a factor on what the strategy takes by default.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    step: float | None = None
    relative: bool = False


Dimension = Choice | Range
Suggest = Callable[[str, Dimension], Any]
"""From the name of a dimension to the value that is drawn in it."""


@dataclass(frozen=True)
class Space:
    """What may vary from trial to trial.

    Parameters
    ----------
    dimensions : mapping of str to Dimension
        In the order in which they are drawn. ``"strategy"``; ``"additions"`` or ``"additions.PLACE"``;
        ``"ADDITION.SETTING"``; or an option of ``finetrust tune``.
    """

    dimensions: Mapping[str, Dimension]

    def draw(
        self, suggest: Suggest, fixed: TuneOptions, defaults: TrainingDefaults
    ) -> dict[str, Any]:
        """Return the options of one trial; only what means something for its strategy is drawn.

        Parameters
        ----------
        suggest : callable
        fixed : TuneOptions
            What the user fixed; its strategy is taken where the space has none.
        defaults : TrainingDefaults
            Of the task, for ranges that are relative.
        """
        strategy = suggest(STRATEGY, self.dimensions[STRATEGY]) if self._varies else fixed.strategy
        chosen = [strategy]
        for name, dimension in self.places():
            chosen += [added] if (added := suggest(name, dimension)) != NOTHING else []
        drawn: dict[str, Any] = {STRATEGY: self._with_settings(chosen, suggest)}
        for name, dimension in self.options():
            options = fixed.model_copy(update=drawn)
            last = _phases(strategy, options, defaults)[-1]
            if name in OF_BACKBONE and not last.trains_backbone:
                continue
            drawn[name] = _of(dimension, suggest(name, dimension), name, last)
        return drawn

    def default(self, fixed: TuneOptions, defaults: TrainingDefaults) -> dict[str, Any]:
        """Return, by dimension, what is done where nobody searches, as far as the space holds it."""
        strategy, *added = split_plan(fixed.strategy)
        values: dict[str, Any] = {STRATEGY: strategy}
        for name, dimension in self.places():
            values[name] = next((part for part in added if _holds(dimension, part)), NOTHING)
        last = _phases(strategy, fixed, defaults)[-1]
        for name, dimension in self.options():
            value = getattr(fixed, name)
            value = getattr(last, name, None) if value is None else value
            relative = isinstance(dimension, Range) and dimension.relative
            values[name] = 1.0 if relative else value
        return {
            name: values[name]
            for name, dimension in self.dimensions.items()
            if name in values and _holds(dimension, values[name])
        }

    def combinations(self, fixed: TuneOptions) -> Iterator[str]:
        """Yield every strategy with every choice of additions, as ``--strategy`` spells them."""
        of_strategy = self.dimensions.get(STRATEGY, Choice((fixed.strategy,)))
        sides = [of_strategy, *(dimension for _, dimension in self.places())]
        every = (side.values for side in sides if isinstance(side, Choice))
        for combined in itertools.product(*every):
            yield " + ".join(str(part) for part in combined if part != NOTHING)

    def places(self) -> Iterator[tuple[str, Dimension]]:
        """Yield the dimensions that each add something to the strategy, or nothing."""
        for name, dimension in self.dimensions.items():
            if name.partition(".")[0] == ADDITIONS:
                yield name, dimension

    def settings(self) -> Iterator[tuple[str, str, Dimension]]:
        """Yield the dimensions that set something of an addition: addition, setting, dimension."""
        for name, dimension in self.dimensions.items():
            addition, dot, setting = name.partition(".")
            if dot and addition != ADDITIONS:
                yield addition, setting, dimension

    def options(self) -> Iterator[tuple[str, Dimension]]:
        """Yield the dimensions that are options of ``finetrust tune`` beside the strategy."""
        for name, dimension in self.dimensions.items():
            if name in TuneOptions.model_fields and name != STRATEGY:
                yield name, dimension

    def to_dict(self) -> dict[str, Any]:
        """Return the space as the YAML that it can be read from."""
        told: dict[str, Any] = {}
        for name, dimension in self.dimensions.items():
            place = name.partition(".")[2] if name.partition(".")[0] == ADDITIONS else ""
            home = told.setdefault(ADDITIONS, {}) if place else told
            home[place or name] = _told(dimension)
        return told

    @property
    def _varies(self) -> bool:
        return STRATEGY in self.dimensions

    def _with_settings(self, chosen: list[str], suggest: Suggest) -> str:
        """Return the expression of a strategy and additions, with the settings that are drawn."""
        parts = [part for text in chosen for part in split_plan(text)]
        found: dict[str, list[str]] = {}
        for addition, setting, dimension in self.settings():
            if addition in parts:
                value = _rounded(dimension, suggest(f"{addition}.{setting}", dimension))
                found.setdefault(addition, []).append(f"{setting}={value}")
        return " + ".join(
            f"{part}({', '.join(found[part])})" if part in found else part for part in parts
        )


def split_plan(text: str) -> list[str]:
    """Return what a plus joins in an expression: ``"ema + swa(start=0.5)"`` in two parts."""
    return _PLUS.split(text.strip())


def _phases(strategy: str, options: TuneOptions, defaults: TrainingDefaults) -> list[Phase]:
    return strategies.get(split_plan(strategy)[0])(options, 1, defaults)


def _of(dimension: Dimension, value: Any, name: str, phase: Phase) -> Any:
    """Return the value of an option, multiplied by the strategy's own where it is relative to that."""
    if isinstance(dimension, Range) and dimension.relative:
        value = value * getattr(phase, name)
    return _rounded(dimension, value)


def _rounded(dimension: Dimension, value: Any) -> Any:
    if isinstance(dimension, Choice) or dimension.whole or dimension.step is not None:
        return value
    rounded = float(f"{value:.{DIGITS}g}")
    return rounded if dimension.relative else min(max(rounded, dimension.low), dimension.high)


def _holds(dimension: Dimension, value: Any) -> bool:
    if isinstance(dimension, Choice):
        return value in dimension.values
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    steps = (value - dimension.low) / (dimension.step or 1.0)
    on_grid = dimension.step is None or abs(steps - round(steps)) < 1e-9
    return dimension.low <= value <= dimension.high and on_grid


def _told(dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        return list(dimension.values)
    told: dict[str, Any] = {"low": _number(dimension, "low"), "high": _number(dimension, "high")}
    told |= {"log": True} if dimension.log else {}
    told |= {"step": _number(dimension, "step")} if dimension.step is not None else {}
    return told | ({"relative": True} if dimension.relative else {})


def _number(dimension: Range, name: str) -> float:
    value = getattr(dimension, name)
    return int(value) if dimension.whole else value
