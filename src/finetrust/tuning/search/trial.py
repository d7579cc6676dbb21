"""One trial of a search, as it stands in the storage, in ``search.json`` and in reports."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["running", "finished", "stopped", "failed", "refused"]


@dataclass(frozen=True)
class Figure:
    """A measure of a trial on validation data.

    Parameters
    ----------
    value, ci_low, ci_high : float
        With its 95 % interval, in the unit of the measure.
    n : int
        Validation items that it rests on.
    """

    value: float
    ci_low: float
    ci_high: float
    n: int


@dataclass(frozen=True)
class SearchTrial:
    """One combination that was drawn, and what came of it.

    Parameters
    ----------
    number : int
        Also the name of its run folder, ``trials/NUMBER``; numbers of refused trials have none.
    state : str
        ``"finished"``; ``"stopped"`` by its learning curve; ``"failed"``; ``"refused"``: a combination that
        makes no sense, or that was tried already, and was not trained; ``"running"``.
    options : mapping
        The options of ``finetrust tune`` that were drawn.
    figures : mapping of str to Figure
        The objectives, by key; empty where the trial did not get so far.
    curve : mapping of int to float
        The main validation figure by epoch; see :func:`~finetrust.tuning.search.curves.curve_of`.
    seconds : float
        What training and judging took.
    reason : str
        Why it was stopped or refused, or how it failed.
    """

    number: int
    state: State
    options: Mapping[str, Any]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    curve: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""

    @property
    def folder(self) -> str:
        """Its run folder, below that of the search."""
        return f"trials/{self.number:03d}"

    @property
    def kind(self) -> str:
        """What trials have in common whose learning curves can be compared epoch by epoch."""
        strategy = str(self.options.get("strategy", "")).partition(" + ")[0]
        return f"{strategy}, {self.options.get('epochs')} epochs"

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as JSON values."""
        return {
            **asdict(self),
            "folder": self.folder,
            "curve": [list(p) for p in self.curve.items()],
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "SearchTrial":
        """Return the trial that :meth:`to_dict` wrote."""
        values = {key: value for key, value in raw.items() if key != "folder"}
        figures = {key: Figure(**figure) for key, figure in raw["figures"].items()}
        curve = {int(step): float(value) for step, value in raw["curve"]}
        return cls(**{**values, "figures": figures, "curve": curve})
