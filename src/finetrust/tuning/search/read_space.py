"""Reading a space that a user wrote: everything in it is checked before anything runs."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from finetrust.config import (
    ComputeOptions,
    DataColumns,
    ModelOptions,
    TuneOptions,
    flag_of,
    make_options,
)
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.tuning.addition import additions
from finetrust.tuning.plan import read_plan
from finetrust.tuning.search.space import (
    ADDITIONS,
    NOTHING,
    STRATEGY,
    Choice,
    Dimension,
    Range,
    Space,
    Value,
    split_plan,
)

RELATIVE = ("learning_rate", "backbone_learning_rate")
"""Options that can be given as a factor on what the strategy takes by default."""

_HELD = {
    *DataColumns.model_fields,
    *(set(ModelOptions.model_fields) - {"input_size"}),
    *ComputeOptions.model_fields,
    "val_fraction",
    "test_fraction",
    "object_masks",
    "recipe",
    "order_seed",
    "cache",
    "checkpoint_steps",
    "out",
}
SEARCHED = tuple(name for name in TuneOptions.model_fields if name not in _HELD)
"""What a space may hold; all else is the same for every trial, so that they can be compared."""

_KEYS = ("low", "high", "log", "step", "relative", "choices")
_FORM = "Write choices as a list, or a range as {low: 0.0001, high: 0.01, log: true}."


def read_space(given: Mapping[str, Any], where: Path | str) -> Space:
    """Return the space that the mapping of a YAML file describes.

    Parameters
    ----------
    given : mapping
        ``strategy`` and options with choices (a list) or a range (``low``, ``high``, and ``log``, ``step``,
        ``relative`` if need be); ``additions`` with a list, or with a list for each of several places;
        ``ADDITION.SETTING`` for what stands in brackets behind an addition.
    where : Path or str
        What errors call it.

    Raises
    ------
    UserError
        For an unknown key (the nearest is suggested), a value that the option does not take, a range that
        holds nothing, or a setting of an addition that no choice has.
    """
    dimensions: dict[str, Dimension] = {}
    for key, value in given.items():
        dimensions |= dict(_read(key, value, where))
    if not dimensions:
        raise UserError(f"{where}: the space is empty", f"Known: {', '.join(SEARCHED)}.")
    space = Space(dimensions)
    _check_settings(space, where)
    return space


def _read(key: str, value: Any, where: Path | str) -> Iterator[tuple[str, Dimension]]:
    if key == STRATEGY:
        choices = _choices(value, f"{where}: {key}")
        yield key, Choice(tuple(_plan(str(text), f"{where}: {key}") for text in choices))
    elif key == ADDITIONS:
        of_places = isinstance(value, Mapping) and "choices" not in value
        places = value if of_places else {"": value}
        for place, listed in places.items():
            choices = _choices(listed, f"{where}: {key}{place and f' ({place})'}")
            found = tuple(_addition(text, f"{where}: {key}") for text in choices)
            yield (f"{ADDITIONS}.{place}" if place else ADDITIONS), Choice(found)
    elif "." in key:
        yield _setting(key, value, where)
    elif key in SEARCHED:
        yield key, _dimension(value, f"{where}: {key}", _Option(key))
    elif key in TuneOptions.model_fields:
        flag = flag_of(key)
        raise UserError(
            f"{where}: '{key}' must be the same for all trials, or they could not be compared",
            f"Give it to the search: {flag}.",
        )
    else:
        known = (*SEARCHED, ADDITIONS)
        raise UserError(
            f"{where}: unknown option '{key}'",
            did_you_mean(key, known) or f"Known: {', '.join(known)}.",
        )


class _Option:
    """How a value of an option of ``finetrust tune`` is checked."""

    def __init__(self, key: str) -> None:
        self.key, self.relative = key, key in RELATIVE

    def __call__(self, value: Any) -> Any:
        """Return the value as the option takes it, or raise UserError."""
        return getattr(make_options(TuneOptions, {self.key: value}), self.key)


class _Setting:
    """How a value of a setting of an addition is checked."""

    relative = False

    def __init__(self, addition: str, setting: str) -> None:
        self.addition, self.key = addition, setting

    def __call__(self, value: Any) -> Any:
        """Return the value as the addition takes it, or raise UserError."""
        return getattr(make_options(additions.get(self.addition), {self.key: value}), self.key)


def _dimension(value: Any, where: str, check: _Option | _Setting) -> Dimension:
    """Return choices or a range, every value of which `check` takes."""
    if isinstance(value, Mapping) and "choices" not in value:
        return _range(value, where, check)
    return Choice(tuple(_checked(check, choice, where) for choice in _choices(value, where)))


def _choices(value: Any, where: str) -> list[Value]:
    if isinstance(value, Mapping):
        _check_keys(value, where)
        value = value["choices"] if set(value) == {"choices"} else None
    found = value if isinstance(value, list) else [value]
    plain = all(one is None or isinstance(one, str | int | float | bool) for one in found)
    if not found or not plain or found == [None]:
        raise UserError(f"{where}: neither choices nor a range", _FORM)
    if len(set(map(repr, found))) < len(found):
        raise UserError(f"{where}: a choice is there twice", "Leave one out.")
    return found


def _range(value: Mapping[str, Any], where: str, check: _Option | _Setting) -> Range:
    _check_keys(value, where)
    if "low" not in value or "high" not in value:
        raise UserError(f"{where}: a range needs low and high", _FORM)
    log, relative = value.get("log", False), value.get("relative", False)
    if not (isinstance(log, bool) and isinstance(relative, bool)):
        raise UserError(f"{where}: log and relative are true or false", _FORM)
    low, high = (_number(value[end], f"{where}: {end}") for end in ("low", "high"))
    step = _number(value["step"], f"{where}: step") if "step" in value else None
    if low >= high:
        raise UserError(f"{where}: low ({low:g}) is not below high ({high:g})", "Mend the range.")
    if (log and low <= 0) or (step is not None and step <= 0) or (log and step is not None):
        raise UserError(
            f"{where}: a logarithmic range lies above 0 and has no step; a step is above 0",
            "Mend the range.",
        )
    if relative and not (check.relative and low > 0):
        raise UserError(
            f"{where}: only {' and '.join(RELATIVE)} can be relative, by factors above 0",
            "Give the values themselves.",
        )
    if relative:
        return Range(low, high, log, step=step, relative=True)
    ends = [_checked(check, end, where) for end in (_plain(low), _plain(high))]
    whole = all(isinstance(end, int) for end in ends)
    if whole and step is not None and step != int(step):
        raise UserError(f"{where}: the step of whole numbers is {step:g}", "Make it whole.")
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        raise UserError(f"{where}: takes no range of numbers", "List the choices.")
    return Range(low, high, log, whole=whole, step=step)


def _check_keys(value: Mapping[str, Any], where: str) -> None:
    unknown = next((str(key) for key in value if key not in _KEYS), None)
    if unknown is not None:
        raise UserError(
            f"{where}: unknown key '{unknown}'", f"{did_you_mean(unknown, _KEYS)} {_FORM}".strip()
        )


def _number(value: Any, where: str) -> float:
    """Return a number; YAML reads 1e-4, which has no point, as text."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{where} is {value!r}, not a number", _FORM)
    return number


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value


def _checked(check: _Option | _Setting, value: Any, where: str) -> Any:
    try:
        return check(value)
    except UserError as error:
        said = error.found.partition(": ")[2] or error.found
        raise UserError(f"{where} is {value!r}: {said}", error.mend) from None


def _plan(text: str, where: str) -> str:
    try:
        return read_plan(text).text
    except UserError as error:
        raise UserError(f"{where}: {error.found}", error.mend) from None


def _addition(text: Value, where: str) -> str:
    """Return an expression of additions that can stand behind a strategy, or that of none."""
    if text is None or text == NOTHING:
        return NOTHING
    return _plan(f"full + {text}", where).removeprefix("full + ")


def _setting(key: str, value: Any, where: Path | str) -> tuple[str, Dimension]:
    written, _, setting = key.partition(".")
    known = {name.replace("-", "_"): name for name in additions.names()}
    name = known.get(written.replace("-", "_"))
    if name is None:
        raise UserError(
            f"{where}: unknown addition '{written}' in '{key}'",
            did_you_mean(written, additions.names()) or f"Known: {', '.join(known.values())}.",
        )
    fields = additions.get(name).model_fields
    if setting not in fields:
        raise UserError(
            f"{where}: {name} has no setting '{setting}'",
            f"{did_you_mean(setting, fields)} Settings of {name}: {', '.join(fields) or 'none'}.".strip(),
        )
    return f"{name}.{setting}", _dimension(value, f"{where}: {key}", _Setting(name, setting))


def _check_settings(space: Space, where: Path | str) -> None:
    """Raise UserError if a setting belongs to no choice of an addition, or is set there already."""
    sides = [space.dimensions.get(STRATEGY, Choice(())), *(side for _, side in space.places())]
    values = [value for side in sides if isinstance(side, Choice) for value in side.values]
    parts = [part for value in values for part in split_plan(str(value))]
    for addition, setting, _ in space.settings():
        if any(part.startswith(f"{addition}(") for part in parts):
            raise UserError(
                f"{where}: {addition} has settings in brackets and {addition}.{setting} beside them",
                "Leave the brackets out.",
            )
        if addition not in parts:
            raise UserError(
                f"{where}: {addition}.{setting} is set, and no choice has {addition}",
                f"Add it to the {ADDITIONS}: [none, {addition}].",
            )
