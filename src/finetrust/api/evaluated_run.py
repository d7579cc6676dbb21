"""A run that was evaluated, read from its folder alone: no model and no data are needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from finetrust.api.run import Run, load
from finetrust.core.evidence import Evidence
from finetrust.core.evidence_folder import load_evidence
from finetrust.core.profile import TrustProfile
from finetrust.trust.comparison.alignment import aligned
from finetrust.trust.comparison.differences import Paired


@dataclass(frozen=True)
class EvaluatedRun:
    """The profile of a run, and all that it was computed from.

    Parameters
    ----------
    run : Run
    """

    run: Run

    @classmethod
    def open(cls, run: Run | str | Path) -> "EvaluatedRun":
        """Open a run.

        Raises
        ------
        UserError
            If it is no run folder, or was not evaluated.
        """
        opened = cls(run if isinstance(run, Run) else load(run))
        _ = opened.profile
        return opened

    @property
    def name(self) -> str:
        """The run as the user named it."""
        return str(self.run.path)

    @cached_property
    def profile(self) -> TrustProfile:
        """What was measured."""
        return self.run.profile

    @property
    def data(self) -> Mapping[str, Any]:
        """Provenance of the items it was judged on."""
        return self.profile.data

    @cached_property
    def evidence(self) -> Evidence:
        """What it was measured from."""
        return load_evidence(self.run.folder.predictions / str(self.data.get("split") or "test"))

    def beside(self, other: "EvaluatedRun") -> tuple[Evidence, Evidence]:
        """Return the evidence of this run and that of another, item by item.

        Raises
        ------
        UserError
            If the two were judged on different items.
        """
        names = self.name, other.name
        return self.evidence, aligned(self.evidence, other.evidence, names)

    def paired_with(self, other: "EvaluatedRun") -> Paired:
        """Return the test of the measures of `other` against those of this run on the same items.

        Raises
        ------
        UserError
            If the two were judged on different items.
        """
        return Paired(*self.beside(other))
