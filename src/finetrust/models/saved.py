"""A network on disk: weights in safetensors, and what is needed to build it again in JSON."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from finetrust.core.atomic import replacing_folder, write_json
from finetrust.core.errors import UserError
from finetrust.models.head import copied
from finetrust.models.network import Network
from finetrust.models.reason import reason
from finetrust.models.restored import restored
from finetrust.models.source import Architecture, Provenance, sources
from finetrust.tasks.task import tasks


@dataclass(frozen=True)
class SavedModel:
    """A network with everything that using it takes.

    Parameters
    ----------
    network : Network
    task : str
    classes : tuple of str
        Names of the outputs.
    provenance : Provenance
        Of the pretrained weights.
    architecture : Architecture or None
    calibration : mapping
        What was fitted on validation data, e.g. ``{"temperature": 1.4, "n": 300}``.
    """

    network: Network
    task: str
    classes: tuple[str, ...]
    provenance: Provenance
    architecture: Architecture | None
    calibration: Mapping[str, Any] = field(default_factory=dict)


def save(model: SavedModel, folder: Path) -> None:
    """Write `model` to `folder`, whole or not at all."""
    facts = {
        "task": model.task,
        "classes": list(model.classes),
        "architecture": asdict(model.architecture) if model.architecture else None,
        "recipe": model.network.recipe,
        "provenance": asdict(model.provenance),
        "calibration": dict(model.calibration),
    }
    with replacing_folder(folder) as temporary:
        facts["preprocessing"] = model.network.preprocessing.save(temporary)
        save_file(_tensors(model.network), temporary / "weights.safetensors")
        write_json(temporary / "model.json", facts)


def load(
    folder: Path, module: nn.Module | None = None, allow_code: str | None = None
) -> SavedModel:
    """Read a model that :func:`save` wrote.

    Parameters
    ----------
    folder : Path
    module : nn.Module, optional
        Needed where the model was a module given in Python: the same architecture, any weights.
    allow_code : str, optional
        The ``FILE.py:FUNCTION`` the user names now; only then is that code run again.

    Raises
    ------
    UserError
        If files are missing or broken, or the architecture cannot be built from here.
    """
    with _telling(folder / "model.json") as file:
        facts = json.loads(file.read_text(encoding="utf-8"))
        name, classes, calibration = facts["task"], tuple(facts["classes"]), facts["calibration"]
        recipe = facts["recipe"]
        task = tasks.get(name)
        preprocessing = task.load_preprocessing(facts["preprocessing"], folder)
        notes = tuple(facts["provenance"]["notes"])
        provenance = Provenance(**{**facts["provenance"], "notes": notes})
        architecture = Architecture(**facts["architecture"]) if facts["architecture"] else None
    built = _build(architecture, folder, allow_code) if module is None else copied(module)
    with _telling(folder / "model.json"):
        network = restored(task, built, recipe, preprocessing).eval()
    with _telling(folder / "weights.safetensors") as file:
        network.load_state_dict(load_file(file))
    return SavedModel(network, name, classes, provenance, architecture, calibration)


def _tensors(network: Network) -> dict[str, Tensor]:
    state = network.state_dict()
    return {name: t.clone(memory_format=torch.contiguous_format) for name, t in state.items()}


@contextmanager
def _telling(file: Path) -> Iterator[Path]:
    try:
        yield file
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"{file}: cannot be read as part of a saved model "
            f"({type(error).__name__}: {reason(error)})",
            "Give the folder of a finished run, or tune again.",
        ) from error


def _build(architecture: Architecture | None, folder: Path, allow_code: str | None) -> nn.Module:
    if architecture is None:
        raise UserError(
            f"{folder}: this model was a module given in Python and has no name to build it from",
            "Load it in Python: finetrust.load(run, module=your_module).",
        )
    return sources.get(architecture.source).rebuild(architecture, folder, allow_code)
