"""How many entities of each text were found, type by type.

Tjong Kim Sang & De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003, section 2.3: an
entity is right only if its type and both its ends are.
"""

from dataclasses import dataclass

import numpy as np

from finetrust.data.texts.tag_scheme import Entities, TagRows, TagScheme, entities


@dataclass(frozen=True, eq=False)
class EntityCounts:
    """Counts of entities.

    Parameters
    ----------
    types : tuple of str
    right, predicted, labelled : float64 arrays (texts, types)
    """

    types: tuple[str, ...]
    right: np.ndarray
    predicted: np.ndarray
    labelled: np.ndarray

    @property
    def uses(self) -> np.ndarray:
        """Entities that are predicted plus those that are labelled: float64 array (texts, types)."""
        return self.predicted + self.labelled


def entity_counts(true: TagRows, predicted: TagRows, scheme: TagScheme) -> EntityCounts:
    """Return the counts of the entities that two sequences of tags name.

    Parameters
    ----------
    true, predicted : sequence of int array (words,)
        Counted alike.
    scheme : TagScheme
    """
    labelled, found = entities(true, scheme), entities(predicted, scheme)
    right = is_right(found, labelled)
    shape = len(true), len(scheme.types)
    return EntityCounts(
        scheme.types,
        _counted(found.row[right], found.kind[right], shape),
        _counted(found.row, found.kind, shape),
        _counted(labelled.row, labelled.kind, shape),
    )


def is_right(found: Entities, labelled: Entities) -> np.ndarray:
    """Return which of the entities found are labelled so: bool array (entities,)."""
    base = 1 + max(
        int(part.max(initial=0)) for e in (found, labelled) for part in (e.kind, e.start, e.stop)
    )
    return np.isin(_keys(found, base), _keys(labelled, base))


def micro_f1(counts: EntityCounts) -> float:
    """Return F1 over all entities; 0 where there are none."""
    return float(2 * counts.right.sum() / max(counts.uses.sum(), 1))


def _keys(found: Entities, base: int) -> np.ndarray:
    return ((found.row * base + found.kind) * base + found.start) * base + found.stop


def _counted(row: np.ndarray, kind: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    n, types = shape
    return np.bincount(row * types + kind, minlength=n * types).reshape(n, types).astype(float)
