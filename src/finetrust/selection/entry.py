"""An entry of the ranking: a candidate, what it costs, what was found, and why it stands where it does."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["ranked", "dropped", "unfinished", "not examined", "left out", "failed"]
"""ranked: examined on all items; dropped: clearly worse on a part of them; unfinished: the budget ended
before all items were read; not examined: it ended before any was; left out: by a filter; failed: it
could not be loaded or examined."""

EXAMINED = ("ranked", "dropped", "unfinished")


@dataclass(frozen=True)
class Entry:
    """One candidate of a selection.

    Parameters
    ----------
    name : str
    options : mapping
        What ``finetrust tune`` takes to get it: ``model``, ``weights``, ...
    status : str
    why : str
        A sentence: why it stands where it does, or why it was not examined.
    rank : int or None
        From 1; None where it was not examined.
    quality : float or None
        What the order goes by, comparable within a selection and the same number of items.
    pareto : bool
        Whether no other candidate is clearly better in anything without being clearly worse in
        something.
    n_items : int
        Training items that it was examined on.
    result : mapping
        See :func:`finetrust.selection.examination.examine`.
    cost : mapping
        See :class:`finetrust.selection.cost.Cost`.
    source, licence : str
    notes : tuple of str
    """

    name: str
    options: Mapping[str, Any]
    status: Status
    why: str = ""
    rank: int | None = None
    quality: float | None = None
    pareto: bool = False
    n_items: int = 0
    result: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()

    @property
    def examined(self) -> bool:
        """Whether it was examined on any items."""
        return self.status in EXAMINED

    @property
    def model(self) -> str:
        """The name that ``finetrust tune --model`` takes."""
        return str(self.options["model"])

    @property
    def weights(self) -> str:
        """What ``finetrust tune --weights`` takes."""
        return str(self.options.get("weights", "pretrained"))

    def figure(self, name: str) -> float | None:
        """Return the value of a figure of the result, or of a cost; None where there is none."""
        if name in self.cost:
            return self.cost[name]
        found = self.result.get(name)
        return found.get("value") if isinstance(found, Mapping) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return asdict(self)

    def row(self) -> dict[str, Any]:
        """Return the entry as one flat row of a table; None where a figure does not apply."""
        flat: dict[str, Any] = {
            "rank": self.rank,
            "name": self.name,
            "status": self.status,
            "pareto": self.pareto,
            "quality": self.quality,
            "n_items": self.n_items,
        }
        for name in FIGURES:
            found = self.result.get(name) or {}
            flat |= {name: found.get("value")}
            flat |= {f"{name}_{end}": found.get(end) for end in ("low", "high")}
        for name, score in self.result.get("scores", {}).items():
            flat[f"score_{name}"] = score.get("value")
        flat |= {name: self.cost.get(name) for name in COSTS}
        return flat | {"licence": self.licence or None, "why": self.why}


FIGURES = ("accuracy", "calibration_error", "near_ood", "moved")
COSTS = ("parameters", "megabytes", "gflops", "latency_ms", "memory_mb", "input_size")
