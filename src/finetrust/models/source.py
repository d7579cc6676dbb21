"""Where pretrained models come from: one file per source, found by the name the user gives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.registry import Registry
from finetrust.models.preprocessor import Preprocessor
from finetrust.models.reason import reason
from finetrust.models.weights_file import SUFFIXES, WeightsFile, read_weights, sha256_of_file


@dataclass(frozen=True)
class Provenance:
    """Where a model's weights come from.

    Parameters
    ----------
    architecture : str
    source : str
        For example ``"torchvision ResNet50_Weights.IMAGENET1K_V2"``, a file, or ``"random"``.
    sha256 : str
        Of the weights file, or of the tensors where there is no file; empty for random weights.
    licence : str
        ``"unknown"`` where the source names none.
    notes : tuple of str
        What was handled while loading (prefixes removed, tensors left out, ...).
    """

    architecture: str
    source: str
    sha256: str
    licence: str = "unknown"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pretrained:
    """A pretrained module as its source yields it.

    Parameters
    ----------
    module : nn.Module
        Normalised images (n, 3, h, w) to logits or features; or what `kind` says.
    preprocessing : Preprocessor or None
        None where the source does not know it.
    provenance : Provenance
    classes : tuple of str
        Names of the logits where the source knows them.
    file : WeightsFile or None
        Weights that are still to be fitted into the module, which is random until then.
    normalisation_known : bool
        False where `preprocessing` is that of the architecture and nothing says that the weights
        share its mean and standard deviation.
    args : mapping
        Arguments of the architecture that come with the weights.
    kind : str
        What the module is: ``"classifier"`` (or what yields features), ``"detector"``,
        ``"segmenter"`` or ``"encoder"`` of texts.
    """

    module: nn.Module
    preprocessing: Preprocessor | None
    provenance: Provenance
    classes: tuple[str, ...] = ()
    file: WeightsFile | None = None
    normalisation_known: bool = True
    args: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "classifier"


@dataclass(frozen=True)
class Architecture:
    """What is needed to build an untrained module again; saved in the run folder."""

    source: str
    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """One source of models. ``rank`` orders the sources when a name is known to several."""

    rank: int

    def names(self) -> list[str]:
        """Return all architectures of this source."""
        ...

    def accepts(self, name: str) -> bool:
        """Return whether this source can build `name`."""
        ...

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        """Return the module with ``"pretrained"``, ``"random"`` or specially named weights.

        Raises
        ------
        UserError
            If weights cannot be had; the text says what was tried and how to get them by hand.
        """
        ...

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Return `built` with what the source knows about the weights file to be fitted into it.

        A source that does not recognise the file leaves it at the architecture's preprocessing,
        with a normalisation that is not known.
        """
        return replace(built, normalisation_known=False)

    def rebuild(
        self, architecture: Architecture, folder: Path, allow_code: str | None
    ) -> nn.Module:
        """Return the untrained module of a saved model again.

        A source that would run code for it does so only where `allow_code`, what the user names now,
        allows it; `folder` is where the model is saved, for messages.
        """
        return self.build(architecture.name, "random", architecture.args).module


sources: Registry[Source] = Registry("model source", "finetrust.models")


def find_architecture(model: str, args: Mapping[str, Any]) -> Architecture:
    """Return the architecture called `model`, ``source:name`` or a name that some source knows.

    Raises
    ------
    UserError
        If no source knows it (the nearest name is suggested), or `args` are not JSON values.
    """
    try:
        json.dumps(dict(args))
    except TypeError as error:
        raise UserError(
            f"the arguments of model '{model}' cannot be kept as JSON ({reason(error)})",
            "Build the module with them yourself, or give FILE.py:FUNCTION.",
        ) from error
    prefix, _, rest = model.partition(":")
    if rest and prefix in sources.names():
        source = sources.get(prefix)
        if not source.accepts(rest):
            raise UserError(
                f"{prefix} has no model '{rest}'",
                did_you_mean(rest, source.names()) or f"See the list of {prefix}'s models.",
            )
        return Architecture(prefix, rest, args)
    ranked = sorted(sources.items(), key=lambda item: item[1].rank)
    for name, source in ranked:
        if source.accepts(model):
            return Architecture(name, model, args)
    if Path(model).suffix in SUFFIXES:
        read_weights(Path(model))
        raise UserError(
            f"{model}: a weights file does not say which architecture it is for",
            f"Name the architecture too: --model ARCHITECTURE --weights {model}",
        )
    known = [known for _, source in ranked for known in source.names()]
    raise UserError(
        f"unknown model '{model}'",
        did_you_mean(model, known) or "Give a torchvision or timm name, or FILE.py:FUNCTION.",
    )


def load_pretrained(
    model: str, weights: str, args: Mapping[str, Any]
) -> tuple[Architecture, Pretrained]:
    """Return the named model with its weights, or with the file that they are to be fitted from.

    Parameters
    ----------
    model : str
        Architecture, or a weights file whose name begins with one (``resnet50-0676ba61.pth``).
    weights : str
        ``"pretrained"``, ``"random"``, a name that the source knows, or a weights file.

    Raises
    ------
    UserError
        For an unknown model, or weights that cannot be had.
    """
    path = _weights_path(model, weights)
    if _is_weights_file(Path(model)):
        model = _architecture_in(Path(model)) or model
    architecture = find_architecture(model, args)
    source = sources.get(architecture.source)
    if path is None:
        built = source.build(architecture.name, weights, args)
        return replace(architecture, args={**built.args, **args}), built
    file = read_weights(path)
    digest = sha256_of_file(path)
    built = source.build(architecture.name, "random", args)
    provenance = Provenance(built.provenance.architecture, str(path), digest)
    built = replace(built, provenance=provenance, file=file)
    return architecture, source.describe(built, path, digest)


def _weights_path(model: str, weights: str) -> Path | None:
    if weights == "random":
        return None
    if weights == "pretrained":
        return Path(model) if _is_weights_file(Path(model)) else None
    path = Path(weights)
    return path if path.suffix in SUFFIXES or path.is_file() else None


def _is_weights_file(path: Path) -> bool:
    return path.suffix in SUFFIXES and path.is_file()


def _architecture_in(file: Path) -> str | None:
    known = {name for _, source in sources.items() for name in source.names()}
    matches = [name for name in known if file.name.startswith((f"{name}-", f"{name}."))]
    return max(matches, key=len, default=None)
