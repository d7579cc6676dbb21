"""Slices of the data on which a model fails, found without being named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, Measure, MeasureDefinition
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.groups.class_slices import by_class
from finetrust.trust.accuracy.groups.cluster_slices import by_cluster
from finetrust.trust.accuracy.groups.correctness import CORRECTNESS
from finetrust.trust.accuracy.groups.partition import Partition, Tally
from finetrust.trust.accuracy.groups.property_slices import by_property
from finetrust.trust.accuracy.groups.simultaneous import GroupFigures, lowest_of
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.comparison.holm import holm

LEAST_ITEMS = 20
LEAST_ODDS_RATIO = 1.5
"""An alarm is raised for a slice in which the odds of an error are at least that many times higher:
among a million items any difference is more than chance."""
CHANCE = 0.05
MOST_FOUND = 10
MOST_IDS = 20


def slice_measures(
    evidence: Evidence, definitions: Sequence[MeasureDefinition]
) -> Iterator[Measure]:
    """Yield the share of right items in slices of the data, and in the worst of them.

    Slices are fifths of each property of the inputs, classes, predicted classes, and clusters of
    embeddings with many errors. Fifths are always told; of the others those that are found to be
    worse than the rest (Holm's correction over all slices). Of 400 sets with random errors, 4.5 % raise
    any alarm (1,500 items of 10 classes), and 2.8 % of 400 with the features of real photographs.

    Parameters
    ----------
    evidence : Evidence
    definitions : sequence of MeasureDefinition
        The measures that have a value; those that are the share of right items are used.
    """
    for definition in definitions:
        if definition.name in CORRECTNESS:
            yield from _slices(evidence, definition)


def _slices(evidence: Evidence, definition: MeasureDefinition) -> Iterator[Measure]:
    right = CORRECTNESS[definition.name](evidence)
    slices = _Slices.of(_partitions(evidence), right)
    told = replace(definition, topic="groups")
    for i in slices.shown():
        details = {
            "found": bool(slices.found[i]),
            "kind": slices.kind(i),
            "p_value": float(slices.p[i]),
            "rest": float(slices.tally.rest_share()[i]),
            "ids": slices.ids(i, evidence.clean.ids, right),
        }
        hits, n = slices.tally.hits[i], slices.tally.n[i]
        low, high = wilson(hits, n)
        subset = f"slice={slices.names[i]}"
        aside = replace(told, secondary=not slices.found[i])
        yield aside.measure(
            Estimate(float(hits / n), float(low), float(high), int(n), subset, details)
        )
    yield _worst(told, slices)


def _worst(told: MeasureDefinition, slices: "_Slices") -> Measure:
    definition = replace(
        told,
        name=f"worst_slice.{told.name}",
        title=f"{told.title}: worst slice",
        method=f"{told.title} in the slice of the data where it is lowest: among fifths of each "
        "measured property of the inputs, classes, predicted classes, and clusters of inputs that "
        "look alike to the model (found on one random half of the items and judged on the other). The "
        "interval holds for the worst of all slices, whichever it truly is (Bonferroni). Slices of "
        f"fewer than {LEAST_ITEMS} items are left out.",
        reference="Eyuboglu et al. 2022, ICLR; Dunn 1961, JASA 56(293)",
        meaning="How good it is for the kind of input it is worst at.",
    )
    if not len(slices.names):
        return definition.not_applicable(
            f"the data have no slices of at least {LEAST_ITEMS} items that could be compared"
        )
    tally = slices.tally
    share = tally.hits / tally.n
    low, high = wilson(tally.hits, tally.n)
    at, least, most = lowest_of(GroupFigures(share, low, high, tally.n, share=True))
    value = float(share[at])
    details = {
        "slice": slices.names[at],
        "slices": len(slices.names),
        "found": bool(slices.found[at]),
        "p_value": float(slices.p[at]),
    }
    return definition.measure(
        Estimate(value, min(least, value), max(most, value), int(tally.n[at]), details=details)
    )


@dataclass(frozen=True, eq=False)
class _Slices:
    """All slices with enough items, (k,) each, and which of them are worse than the rest."""

    partitions: list[Partition]
    place: list[tuple[int, int]]
    names: list[str]
    tally: Tally
    p: np.ndarray
    found: np.ndarray

    @classmethod
    def of(cls, partitions: list[Partition], right: np.ndarray) -> "_Slices":
        tallies = [partition.tally(right) for partition in partitions]
        empty = Tally(*(np.zeros(0, dtype=int) for _ in range(4)))
        whole = Tally.joined([empty, *tallies])
        place = [(i, j) for i, part in enumerate(partitions) for j in range(len(part.names))]
        kept = np.flatnonzero((whole.n >= LEAST_ITEMS) & (whole.all_n - whole.n >= LEAST_ITEMS))
        tally = Tally(*(column[kept] for column in vars(whole).values()))
        place = [place[i] for i in kept]
        p = holm(tally.p_values())
        found = (p <= CHANCE) & (tally.odds_ratio() >= LEAST_ODDS_RATIO)
        names = [partitions[i].names[j] for i, j in place]
        return cls(partitions, place, names, tally, p, found)

    def kind(self, i: int) -> str:
        return self.partitions[self.place[i][0]].kind

    def shown(self) -> list[int]:
        """Return the slices to tell of: those found, the surest first, then the other fifths."""
        surest = np.lexsort((self.tally.hits / self.tally.n, self.p))
        found = [int(i) for i in surest if self.found[i]][:MOST_FOUND]
        fifths = [
            i for i in range(len(self.names)) if self.kind(i) == "property" and i not in found
        ]
        return [*found, *fifths]

    def ids(self, i: int, ids: np.ndarray, right: np.ndarray) -> list[str]:
        """Return some items of a slice, those that are wrong first."""
        partition, number = self.place[i]
        rows = np.flatnonzero(self.partitions[partition].of_item == number)
        wrong = rows[~right[rows]][:MOST_IDS]
        rest = rows[right[rows]][: MOST_IDS - len(wrong)]
        return [str(id_) for id_ in ids[np.concatenate([wrong, rest])]]


def _partitions(evidence: Evidence) -> list[Partition]:
    found = [by_property(name, values) for name, values in evidence.properties.items()]
    if "target" in evidence.clean:
        found += _of_classes(evidence)
    return [partition for partition in found if partition is not None]


def _of_classes(evidence: Evidence) -> list[Partition | None]:
    targets = evidence.clean["target"]
    predicted = decisions_of(evidence)
    names = class_names(evidence)
    found: list[Partition | None] = [*by_class(targets, predicted, names)]
    if "features" in evidence.clean:
        features = evidence.clean["features"]
        found.append(by_cluster(features, targets, predicted, names, evidence.seed))
    return found
