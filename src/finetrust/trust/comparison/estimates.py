"""The estimates behind single measures, computed again with what pairs two models: replicates."""

from collections.abc import Iterable

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.trust.comparison.hits import rows_of


class Estimates:
    """The estimates of one model, each measure computed once and only when it is asked for."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._groups: dict[str, Evidence] = {}
        self._known: dict[tuple[str, str], dict[str, Estimate]] = {}

    def get(self, name: str, subset: str) -> Estimate | None:
        """Return the estimate of a measure on a subset; None where it cannot be computed again."""
        found = self._of(name, "").get(subset)
        column = subset.partition("=")[0]
        if found is None and column in self._evidence.groups:
            found = self._of(name, subset).get("")
        return found

    def _of(self, name: str, group: str) -> dict[str, Estimate]:
        if (name, group) not in self._known:
            self._known[name, group] = _computed(name, self._within(group))
        return self._known[name, group]

    def _within(self, group: str) -> Evidence:
        if not group:
            return self._evidence
        if group not in self._groups:
            rows = rows_of(group, self._evidence)
            assert rows is not None, "a group is a subset of items"
            self._groups[group] = self._evidence.take(np.flatnonzero(rows))
        return self._groups[group]


def _computed(name: str, evidence: Evidence) -> dict[str, Estimate]:
    if name not in measures.names() or not len(evidence.clean):
        return {}
    definition = measures.get(name)
    if not _there(definition.needs, evidence):
        return {}
    try:
        found = [e for e in definition.estimate(evidence) if isinstance(e, Estimate)]
    except NotApplicable:
        return {}
    return {estimate.subset: estimate for estimate in found}


def _there(needs: Iterable[str], evidence: Evidence) -> bool:
    return all(any(c in evidence.clean for c in need.split("|")) for need in needs)
