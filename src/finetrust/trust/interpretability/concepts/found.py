"""The scores of all concepts for all classes, from the table of the trial."""

from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.interpretability.concepts.tcav import ConceptScore, Towards, tcav
from finetrust.trust.interpretability.concepts.trial import SENSITIVITY

LEAST_ITEMS = 5
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ConceptScores:
    """Scores of pairs of a concept and a class.

    Parameters
    ----------
    scores : tuple of ConceptScore
    few : tuple of (str, str, int)
        Concept, class and items, where these are too few.
    """

    scores: tuple[ConceptScore, ...]
    few: tuple[tuple[str, str, int], ...]


@once
def concept_scores(evidence: Evidence) -> ConceptScores:
    """Return the scores of every concept for every class that has items.

    Raises
    ------
    NotApplicable
        If the trial was not held, or there is no class with 5 items.
    """
    table = evidence.tables("concepts")[SENSITIVITY]
    concepts = [c.removesuffix(".slope") for c in table.columns if c.endswith(".slope")]
    if not concepts or not len(table):
        raise NotApplicable("the layer yields no finite numbers")
    towards = {concept: _towards(table, concept) for concept in concepts}
    names = class_names(evidence)
    items, few = {}, []
    for label in np.unique(table["target"]).tolist():
        rows = np.flatnonzero(table["target"] == label)
        if len(rows) >= LEAST_ITEMS:
            items[names[label]] = rows
        else:
            few += [(concept, names[label], len(rows)) for concept in concepts]
    if not items:
        raise NotApplicable(f"no class has {LEAST_ITEMS} items")
    return ConceptScores(tcav(towards, items), tuple(few))


def _towards(table: Predictions, name: str) -> Towards:
    slopes, rising, random = (table[f"{name}.{part}"] for part in ("slope", "rising", "random"))
    return Towards(slopes, rising, random, int(table[f"{name}.examples"][0]))
