"""Modules built by the user's own function, ``FILE.py:FUNCTION``; to name it is to let it run."""

import importlib.util
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.reason import reason
from finetrust.models.source import Architecture, Pretrained, Provenance, Source, sources
from finetrust.models.weights_file import sha256_of_tensors


class BuilderSource(Source):
    """The function returns a module, or a pair of module and :class:`Preprocessing`."""

    rank = 0

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        file, _, function = name.rpartition(":")
        return file.endswith(".py") and bool(function)

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        if weights not in ("pretrained", "random"):
            raise UserError(
                f"--weights {weights}: no such file, and {name} builds its own weights",
                "Give a weights file, or leave --weights out.",
            )
        path, _, function = name.rpartition(":")
        file = Path(path)
        if not file.is_file():
            raise UserError(f"{file}: no such file", "Give FILE.py:FUNCTION of an existing file.")
        with _running(file):
            built = _function(file, function)(**args)
        module, preprocessing = built if isinstance(built, tuple) else (built, None)
        if not isinstance(module, nn.Module) or not isinstance(preprocessing, Preprocessing | None):
            raise UserError(
                f"{name} returned {type(built).__name__}",
                "Return an nn.Module, or (nn.Module, finetrust.Preprocessing).",
            )
        digest = sha256_of_tensors(module.state_dict())
        return Pretrained(module, preprocessing, Provenance(function, f"built by {name}", digest))

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        return built

    def rebuild(
        self, architecture: Architecture, folder: Path, allow_code: str | None
    ) -> nn.Module:
        if allow_code is None:
            raise UserError(
                f"{folder}: the architecture is built by the code {architecture.name}",
                f"If you trust that file, allow it to run: --model {architecture.name}",
            )
        allowed = [name for name in allow_code.split(",") if _same(name, architecture.name)]
        if not allowed:
            raise UserError(
                f"{folder}: the architecture is built by the code {architecture.name}, "
                f"not by {allow_code}",
                f"Give --model {architecture.name}",
            )
        name = architecture.name if architecture.name in allowed else allowed[0]
        return self.build(name, "random", architecture.args).module


sources.add("builder", BuilderSource())


def _same(name: str, other: str) -> bool:
    """Return whether two names may be of one function; its file may have been moved."""
    return Path(name).name == Path(other).name


@contextmanager
def _running(file: Path) -> Iterator[None]:
    """Let modules beside `file` be imported, and say in one line where its code failed."""
    sys.path.insert(0, str(file.resolve().parent))
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f"line {f.lineno}: " for f in reversed(frames) if f.filename == str(file)), "")
        said = f"{type(error).__name__}: {reason(error)}"
        raise UserError(f"{file}: {line}{said}", "Mend that code, or --model-args.") from error
    finally:
        sys.path.remove(str(file.resolve().parent))


def _function(file: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"finetrust_builder_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise UserError(
            f"{file} has no function '{name}'",
            did_you_mean(name, [n for n, v in vars(module).items() if callable(v) and n[0] != "_"])
            or "Name one that it has.",
        )
    return getattr(module, name)
