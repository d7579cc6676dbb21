"""Modules built by the user's own function, named ``FILE.py:FUNCTION``; naming it allows its code to run."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, sources
from finetrust.models.weights_file import sha256_of_tensors


class BuilderSource:
    """The function returns a module, or a pair of module and :class:`Preprocessing`."""

    rank = 0

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        file, _, function = name.rpartition(":")
        return file.endswith(".py") and bool(function)

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        file, _, function = name.rpartition(":")
        built = _function(Path(file), function)(**args)
        module, preprocessing = built if isinstance(built, tuple) else (built, None)
        if not isinstance(module, nn.Module) or not isinstance(preprocessing, Preprocessing | None):
            raise UserError(
                f"{name} returned {type(built).__name__}",
                "Return an nn.Module, or (nn.Module, finetrust.Preprocessing).",
            )
        digest = sha256_of_tensors(module.state_dict())
        return Pretrained(module, preprocessing, Provenance(function, f"built by {name}", digest))


sources.add("builder", BuilderSource())


def _function(file: Path, name: str) -> Any:
    if not file.is_file():
        raise UserError(f"{file}: no such file", "Give FILE.py:FUNCTION of an existing file.")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise UserError(
            f"{file} has no function '{name}'",
            did_you_mean(name, [n for n in vars(module) if not n.startswith("_")])
            or "Name one that it has.",
        )
    return getattr(module, name)
