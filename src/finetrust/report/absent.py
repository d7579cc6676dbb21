"""Measures that do not apply, gathered by their reason."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from finetrust.core.measure import Measure
from finetrust.report.names import subset_label
from finetrust.report.numbers import count, sentence_list

NAMED = 5
_NO_COLUMN = re.compile(r"the predictions have no column '.*'")


@dataclass(frozen=True)
class Absent:
    """Measures that do not apply for one reason.

    Parameters
    ----------
    reason : str
    titles : tuple of str
        What they are called, each once.
    """

    reason: str
    titles: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The title of a single measure, or how many there are."""
        return self.titles[0] if len(self.titles) == 1 else f"{count(len(self.titles))} measures"

    @property
    def told(self) -> str:
        """Why they do not apply; of several measures the first few are named."""
        if len(self.titles) == 1:
            return f"does not apply: {self.reason}"
        return f"do not apply: {self.reason}. They are {sentence_list(self.titles, NAMED)}"


def of_other_tasks(measure: Measure) -> bool:
    """Return whether a measure needs predictions of another kind than those of this model."""
    return measure.reason is not None and _NO_COLUMN.fullmatch(measure.reason) is not None


def absent(measures: Iterable[Measure]) -> list[Absent]:
    """Return the measures of this task that do not apply, reason by reason."""
    by_reason: dict[str, list[str]] = {}
    for measure in measures:
        if not measure.applies and not of_other_tasks(measure):
            part = f" ({subset_label(measure)})" if measure.subset else ""
            by_reason.setdefault(measure.reason or "unknown", []).append(measure.title + part)
    return [Absent(reason, tuple(dict.fromkeys(titles))) for reason, titles in by_reason.items()]


def left_out(measures: Iterable[Measure]) -> Absent | None:
    """Return the measures that are made for other tasks; None if there are none."""
    titles = tuple(dict.fromkeys(m.title for m in measures if of_other_tasks(m)))
    return Absent("they need answers of another kind", titles) if titles else None
