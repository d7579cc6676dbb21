"""A time as people write it: 90, 90s, 10m, 1h30m, 2d."""

import re

from finetrust.core.errors import UserError

_SECONDS = {"d": 86400.0, "h": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PART = re.compile(rf"({_NUMBER.pattern})\s*(d|h|min|m|s)\s*")


def seconds_of(text: str, option: str) -> float:
    """Return the seconds of ``90``, ``90s``, ``10m``, ``10 min``, ``1h30m`` or ``2d``.

    A number alone is one of seconds; beside others every number has its unit, for ``1h30`` could be
    half an hour more or half a minute.

    Parameters
    ----------
    text : str
    option : str
        What the user set by it, for the error.

    Raises
    ------
    UserError
        If it is something else, or no time at all.
    """
    written = text.strip().lower()
    if _NUMBER.fullmatch(written):
        total = float(written)
    elif _PART.sub("", written):
        total = 0.0
    else:
        total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(written))
    if total <= 0:
        raise UserError(
            f"{option} '{text}' is no time", "Write it as 90s, 10m, 1h30m or 2d, or 90 for seconds."
        )
    return total
