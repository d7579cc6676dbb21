"""From options to a network: pretrained weights, their preprocessing, and a head."""

from dataclasses import dataclass, replace
from typing import Any

from rich.text import Text
from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.core.progress import say
from finetrust.models.head import copied, take_apart
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Architecture, Pretrained, Provenance, load_pretrained
from finetrust.models.weights_file import fit_weights, sha256_of_tensors


@dataclass(frozen=True)
class Assembled:
    """A pretrained model ready for a head.

    Parameters
    ----------
    architecture : Architecture or None
        None for a module given in Python, which cannot be built again from a name.
    parts : Any
        The model as the task took it apart: of a classifier, the backbone and the head it came with.
    preprocessing : Preprocessor
    provenance : Provenance
    classes : tuple of str
        Names of the outputs of the head it came with, where known.
    """

    architecture: Architecture | None
    parts: Any
    preprocessing: Any
    provenance: Provenance
    classes: tuple[str, ...]


def pretrained_model(
    options: ModelOptions, module: nn.Module | None = None
) -> tuple[Architecture | None, Pretrained]:
    """Load the model that `options` name, or take a copy of the `module` given in Python.

    Raises
    ------
    UserError
        For an unknown model or unfit weights.
    """
    if module is not None:
        return None, _given(module)
    if options.model is None:
        raise UserError("no model is given", "Name one with --model.")
    allowed = {"trust_remote_code": True} if options.trust_remote_code else {}
    architecture, pretrained = load_pretrained(
        options.model, options.weights, {**options.model_args, **allowed}
    )
    kept = {k: value for k, value in architecture.args.items() if k != "trust_remote_code"}
    return replace(architecture, args=kept), pretrained


def assemble_classifier(
    options: ModelOptions,
    module: nn.Module | None = None,
    preprocessing: Preprocessing | None = None,
) -> Assembled:
    """Load an image classifier, taken apart into backbone and head.

    Raises
    ------
    UserError
        For an unknown model, one that is no classifier of images, unfit weights, or weights whose
        preprocessing nobody knows.
    """
    architecture, pretrained = pretrained_model(options, module)
    if pretrained.kind != "classifier":
        raise UserError(
            f"{pretrained.provenance.architecture} is a {pretrained.kind}, not a backbone for images",
            "Choose another model, or the --task that it is made for.",
        )
    prepared = image_preprocessing(options, pretrained, preprocessing)
    parts = take_apart(pretrained.module, prepared.input_size)
    notes = list(pretrained.provenance.notes)
    if parts.head is None:
        notes.append(f"no classifier was found; the {parts.features} outputs are the features")
    if pretrained.file is not None:
        parts, fitted = fit_weights(parts, pretrained.file)
        notes += fitted
    provenance = replace(pretrained.provenance, notes=tuple(notes))
    return Assembled(architecture, parts, prepared, provenance, pretrained.classes)


def tell_of_loading(provenance: Provenance) -> None:
    """Show what was done so that a model could be loaded, and what of it is not used, in one line."""
    if provenance.notes:
        say(Text(f"While loading: {'; '.join(provenance.notes)}.", style="dim"))


def classifier_network(
    backbone: nn.Module, head: nn.Linear, preprocessing: Preprocessing
) -> Network:
    """Return a backbone under a linear head, with the recipe to build that head again."""
    recipe = {
        "in_features": head.in_features,
        "out_features": head.out_features,
        "bias": head.bias is not None,
    }
    return Network(backbone, head, preprocessing, recipe=recipe)


def image_preprocessing(
    options: ModelOptions, pretrained: Pretrained, given: Preprocessing | None
) -> Preprocessing:
    """Return how images are prepared: as given, as the weights say, and as the options override.

    Raises
    ------
    UserError
        If nobody knows what the weights expect.
    """
    known: Any = given or pretrained.preprocessing
    stated = options.mean is not None and options.std is not None
    if known is None and options.input_size and options.mean and options.std:
        size = options.input_size
        known = Preprocessing(size, size, "bilinear", options.mean, options.std)
    if known is None:
        raise UserError(
            f"{pretrained.provenance.source}: the preprocessing of these weights is not known",
            "State it: --input-size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
            "(or return it from the builder, or pass preprocessing= in Python).",
        )
    if given is None and not stated and not pretrained.normalisation_known:
        mean, std = (",".join(f"{x:g}" for x in values) for values in (known.mean, known.std))
        raise UserError(
            f"{pretrained.provenance.source}: the file does not say how its inputs were normalised",
            f"State it; {pretrained.provenance.architecture} mostly goes with "
            f"--mean {mean} --std {std}",
        )
    return known.overridden(options.input_size, options.mean, options.std, options.interpolation)


def _given(module: nn.Module) -> Pretrained:
    name = type(module).__name__
    digest = sha256_of_tensors(module.state_dict())
    return Pretrained(copied(module), None, Provenance(name, f"Python object {name}", digest))
