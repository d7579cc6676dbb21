"""What the checks of the targets found: items that must be left out, and what was mended."""

from dataclasses import dataclass, field

Told = tuple[str, str]
"""Id of an item and what was found in it."""


@dataclass(frozen=True)
class Findings:
    """Findings in the targets of a data set.

    Parameters
    ----------
    left_out : mapping of int to str
        Rows whose target cannot be used, with the reason.
    mended : list of (id, text)
        What was found and mended or left as it is: a box that was cut at the border of its image.
    """

    left_out: dict[int, str] = field(default_factory=dict)
    mended: list[Told] = field(default_factory=list)
