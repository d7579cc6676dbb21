"""The architecture of an ensemble: those of its members."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.source import Architecture, Pretrained, Source, sources


class EnsembleSource(Source):
    """Nothing that a user names: ``finetrust ensemble`` makes it, and a saved one is built again."""

    rank = 9

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        return False

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        raise UserError("an ensemble has no weights to start from", "Name the model of a member.")

    def rebuild(
        self, architecture: Architecture, folder: Path, allow_code: str | None
    ) -> nn.Module:
        members = [Architecture(**member) for member in architecture.args["members"]]
        built = (sources.get(m.source).rebuild(m, folder, allow_code) for m in members)
        return nn.ModuleList(built)


sources.add("ensemble", EnsembleSource())


def ensemble_architecture(members: Sequence[Architecture | None]) -> Architecture | None:
    """Return the architecture of an ensemble; None where that of a member has no name.

    Parameters
    ----------
    members : sequence of Architecture or None
    """
    known = [asdict(member) for member in members if member is not None]
    if len(known) < len(members):
        return None
    return Architecture("ensemble", f"{len(members)} networks", {"members": known})
