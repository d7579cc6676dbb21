"""The half of the items that judged, as a table that is kept: one row an item.

The columns of a candidate are called ``KIND|PLACE|LABEL|X1,Y1,X2,Y2|AREA|FIGURE``, those of the largest
effect on the other half first. FIGURE is ``own``, ``before``, ``after``, ``heat`` or
``without=FILLING``, as in :class:`~finetrust.trust.interpretability.shortcuts.outcome.Outcome`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.shortcuts.outcome import Judged, Outcome
from finetrust.trust.interpretability.shortcuts.part import Kind

STEP = "shortcuts"
WITHOUT = "without="
_SINGLE = ("own", "before", "after", "heat")


def table_of(judged: Judged, ids: Sequence[str], more: Mapping[str, np.ndarray]) -> Predictions:
    """Return the table of what was judged.

    Parameters
    ----------
    judged : Judged
    ids : sequence of str (n,)
        Of the items that judged.
    more : mapping of str to array (n,)
        Columns of no candidate.
    """
    columns = {"target": judged.targets, "predicted": judged.predicted, "typical": judged.typical}
    columns |= more
    for outcome in judged.outcomes:
        columns |= dict(_columns(outcome))
    return Predictions(np.array(ids, dtype=str), columns)


def judged_of(table: Predictions) -> Judged:
    """Return what was judged, as :func:`table_of` wrote it; classes that were left out are not in it."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for column, values in table.columns.items():
        candidate, mark, figure = column.rpartition("|")
        if mark:
            found.setdefault(candidate, {})[figure] = values
    return Judged(
        np.arange(len(table)),
        table["target"],
        table["predicted"],
        table["typical"],
        tuple(_outcome(*each) for each in found.items()),
    )


def _columns(outcome: Outcome) -> Iterator[tuple[str, np.ndarray]]:
    box = "" if outcome.box is None else ",".join(map(str, outcome.box))
    area = "" if outcome.area_share is None else f"{outcome.area_share:.6g}"
    candidate = f"{outcome.kind}|{outcome.place}|{outcome.label}|{box}|{area}"
    figures = {name: getattr(outcome, name) for name in _SINGLE}
    figures |= {f"{WITHOUT}{filling}": taken for filling, taken in outcome.without.items()}
    for name, values in figures.items():
        yield f"{candidate}|{name}", values.astype(np.float32)


def _outcome(candidate: str, figures: Mapping[str, np.ndarray]) -> Outcome:
    kind, place, label, box, area = candidate.split("|")
    edges = tuple(int(edge) for edge in box.split(",")) if box else None
    return Outcome(
        kind=cast(Kind, kind),
        place=place,
        box=None if edges is None else (edges[0], edges[1], edges[2], edges[3]),
        label=int(label),
        area_share=float(area) if area else None,
        without={
            name.removeprefix(WITHOUT): values
            for name, values in figures.items()
            if name.startswith(WITHOUT)
        },
        **{name: figures[name] for name in _SINGLE},
    )
