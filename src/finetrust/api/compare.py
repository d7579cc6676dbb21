"""finetrust.compare: which of several evaluated runs is better, and whether that is more than chance."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from finetrust.api.evaluated_run import EvaluatedRun
from finetrust.api.run import Run
from finetrust.core.comparison import Comparison, Difference, Flips, in_common
from finetrust.core.errors import UserError
from finetrust.core.measure import Measure
from finetrust.trust.comparison.differences import (
    Paired,
    Test,
    comparable,
    difference,
    unpaired_difference,
)
from finetrust.trust.comparison.flips import flips
from finetrust.trust.comparison.holm import holm, shared_out


def compare(
    *runs: Run | str | Path,
    against: Run | str | Path | None = None,
    unpaired: bool = False,
) -> Comparison:
    """Hold evaluated runs against a reference, measure by measure.

    Only the run folders are read: no model is loaded and no data are needed.

    Parameters
    ----------
    *runs : Run, str or Path
        Evaluated runs; the first is the reference, unless `against` names one.
    against : Run, str or Path, optional
        The reference.
    unpaired : bool
        Compare them as if they were judged on different items, which they need not share then;
        differences must be larger to be shown.

    Returns
    -------
    Comparison

    Raises
    ------
    UserError
        If there are fewer than two runs, one was not evaluated, or they were judged on different
        items.
    """
    opened = [EvaluatedRun.open(run) for run in (*([] if against is None else [against]), *runs)]
    if len(opened) < 2:
        raise UserError("one run alone cannot be compared", "Name two evaluated runs or more.")
    reference, *others = opened
    _check(reference, others)
    differences: list[Difference] = []
    flipped: list[Flips] = []
    missing: dict[str, tuple[str, ...]] = {}
    for other in others:
        pairs, alone = in_common(
            comparable(reference.profile.measures), comparable(other.profile.measures)
        )
        missing[other.name] = tuple(alone)
        test: Test = unpaired_difference
        if not unpaired:
            evidence = reference.beside(other)
            test = Paired(*evidence)
            found = flips(*evidence, other.name)
            flipped += [found] if found is not None else []
        differences += _tested(other.name, pairs, test)
    return Comparison(
        reference=reference.name,
        runs=tuple(other.name for other in others),
        data={key: reference.data.get(key) for key in ("name", "split", "n", "inputs")},
        paired=not unpaired,
        differences=_corrected(differences),
        flips=tuple(flipped),
        missing=missing,
        notes=tuple(_notes(reference, others, unpaired)),
    )


def _check(reference: EvaluatedRun, others: Sequence[EvaluatedRun]) -> None:
    """Raise UserError if a run is there twice, or two have different tasks."""
    seen = {reference.run.path.resolve()}
    for other in others:
        if other.run.path.resolve() in seen:
            raise UserError(f"{other.name} is given twice", "Name different runs.")
        seen.add(other.run.path.resolve())
        if other.profile.task != reference.profile.task:
            raise UserError(
                f"{other.name} is of the task {other.profile.task}, and {reference.name} of "
                f"{reference.profile.task}",
                "Compare runs of one task.",
            )


def _tested(run: str, pairs: Sequence[tuple[Measure, Measure]], test: Test) -> list[Difference]:
    """Return the differences in the order of their measures."""
    # Subgroup by subgroup, so that the resamples of as many items are drawn once for all measures.
    order = sorted(pairs, key=lambda pair: pair[0].subset if pair[0].topic == "groups" else "")
    found = {ours.key: difference(run, ours, theirs, test) for ours, theirs in order}
    return [found[ours.key] for ours, _ in pairs]


def _corrected(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the differences with p-values corrected for their number.

    The main measures over all items have half of the 5 %, and all others, such as those of single
    classes, the other half.
    """
    main = np.array([not d.subset and not d.secondary for d in differences], dtype=bool)
    adjusted = holm(np.array([d.p_value for d in differences]), shared_out(main))
    return tuple(
        replace(d, adjusted_p=float(p)) for d, p in zip(differences, adjusted, strict=True)
    )


def _notes(
    reference: EvaluatedRun, others: Sequence[EvaluatedRun], unpaired: bool
) -> Iterator[str]:
    if unpaired:
        yield "The runs are compared as if they were judged on different items."
        return
    for other in others:
        if other.data.get("fingerprint") != reference.data.get("fingerprint"):
            yield (
                f"{other.name} was judged on items with the same names and labels as those of "
                f"{reference.name}; that their contents are the same is not known."
            )
