"""Grids of measures over the parts of a trial: one row a part, one column a measure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetrust.core.measure import Measure
from finetrust.report.names import is_part, subset_kind, subset_label, words

KINDS = {
    "change": "By kind of change",
    "corruption": "By kind of damage",
    "method": "By way of predicting accuracy",
    "radius": "By the Euclidean length of the change",
    "linf": "By the largest change of a colour value",
    "l2": "By the Euclidean length of the change",
    "perturbation": "By kind and severity of the damage",
    "repeat": "By what was another in training",
    "set": "By set of unfamiliar inputs",
    "score": "By score",
    "sign": "By sign of masked gradients",
    "source": "By source of chance",
    "variant": "By way of computing",
}
KINDS_OF_EXPLANATIONS = {
    "against": "Against explanations that know nothing of the network",
    "answer": "By whether the answer is right",
    "baseline": "Beside explanations that know nothing of the network",
    "change": "By harmless change",
    "class": "By class",
    "concept": "By concept",
    "method": "By method of explanation",
    "methods": "By pair of methods",
    "replacement": "By what hidden places are filled with",
}
NAMES = {
    "repeat=bootstrap": "Training data drawn anew",
    "repeat=drop": "A tenth of the training data left out",
    "repeat=order": "Another order of the data",
    "repeat=seed": "Another seed",
    "sign=black_box": "An attack without gradients finds more",
    "sign=single_step": "One step finds more than several",
    "sign=unbounded": "No attack succeeds, however large",
    "sign=zero_gradient": "The gradient is zero",
    "source=data": "Sample of the training data",
    "source=drop": "A tenth of the training data left out",
    "source=order": "Order of the data",
    "source=seed": "Seed",
    "variant=as_evaluated": "As it was evaluated",
}
SIZES = ("linf", "l2", "radius")


@dataclass(frozen=True)
class PartGrid:
    """Several measures of one way to divide a trial.

    Parameters
    ----------
    title : str
    kind : str
        What stands above the names of the parts.
    columns : sequence of str
        Titles of the measures.
    rows : sequence of (str, sequence of Measure or None)
        The part, and the figures in the order of the columns.
    absent : sequence of (str, str)
        Parts without any figure, and why.
    ranked : bool
        Whether the weakest stands first; sizes have an order of their own.
    """

    title: str
    kind: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Measure | None]]]
    absent: Sequence[tuple[str, str]]
    ranked: bool


def part_grids(measures: Iterable[Measure]) -> list[PartGrid]:
    """Return a grid for each way in which some measures were divided; of two ways at once none."""
    divided: dict[str, list[Measure]] = {}
    for measure in measures:
        if is_part(measure) and not is_twice_divided(measure):
            divided.setdefault(subset_kind(measure), []).append(measure)
    return [_grid(kind, members) for kind, members in divided.items()]


def is_twice_divided(measure: Measure) -> bool:
    """Return whether a measure is of a part of a part: ``set=textures,score=knn``."""
    return ",score=" in measure.subset


def _grid(kind: str, members: list[Measure]) -> PartGrid:
    titles = {m.name: m.title for m in members if m.applies}
    found = {(m.name, m.subset): m for m in members if m.applies}
    parts = dict.fromkeys(m.subset for m in members if m.applies)
    first = next((m for m in members if m.applies), None)
    sign = 1 if first is None or first.better == "higher" else -1

    def weakness(part: str) -> float:
        leading = found.get((first.name, part)) if first else None
        return float("inf") if leading is None else sign * (leading.value or 0.0)

    ranked = kind not in SIZES
    ordered = sorted(parts, key=weakness) if ranked else list(parts)
    labels = {m.subset: NAMES.get(m.subset, subset_label(m)) for m in members}
    absent = {m.subset: m.reason or "unknown" for m in members if m.subset not in parts}
    return PartGrid(
        title=_title(kind, members[0]),
        kind=kind,
        columns=list(titles.values()),
        rows=[(labels[part], [found.get((name, part)) for name in titles]) for part in ordered],
        absent=[(labels[part], reason) for part, reason in absent.items()],
        ranked=ranked and len(ordered) > 1,
    )


def _title(kind: str, member: Measure) -> str:
    own = KINDS_OF_EXPLANATIONS if member.axis == "interpretability" else {}
    return own.get(kind) or KINDS.get(kind, f"By {words(kind).lower()}")
