"""From options to a network: pretrained weights, their preprocessing, and a head."""

from dataclasses import dataclass, replace

from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.models.head import Parts, copied, take_apart
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Architecture, Pretrained, Provenance, load_pretrained
from finetrust.models.weights_file import fit_weights, sha256_of_tensors


@dataclass(frozen=True)
class Assembled:
    """A backbone ready for a head.

    Parameters
    ----------
    architecture : Architecture or None
        None for a module given in Python, which cannot be built again from a name.
    parts : Parts
        The backbone, and the head it came with.
    preprocessing : Preprocessing
    provenance : Provenance
    classes : tuple of str
        Names of the logits of the head it came with, where known.
    """

    architecture: Architecture | None
    parts: Parts
    preprocessing: Preprocessing
    provenance: Provenance
    classes: tuple[str, ...]

    def network(self, head: nn.Module) -> Network:
        """Return the backbone under `head`."""
        return Network(self.parts.backbone, head, self.preprocessing)


def assemble(
    options: ModelOptions,
    module: nn.Module | None = None,
    preprocessing: Preprocessing | None = None,
) -> Assembled:
    """Load the model that `options` name, or take a copy of the `module` given in Python.

    Raises
    ------
    UserError
        For an unknown model, unfit weights, or weights whose preprocessing nobody knows.
    """
    if module is not None:
        architecture, pretrained = None, _given(module)
    elif options.model is not None:
        architecture, pretrained = load_pretrained(
            options.model, options.weights, options.model_args
        )
    else:
        raise UserError("no model is given", "Name one with --model.")
    prepared = _prepare(options, pretrained, preprocessing)
    parts = take_apart(pretrained.module, prepared.input_size)
    notes = list(pretrained.provenance.notes)
    if parts.head is None:
        notes.append(f"no classifier was found; the {parts.features} outputs are the features")
    if pretrained.file is not None:
        parts, fitted = fit_weights(parts, pretrained.file)
        notes += fitted
    provenance = replace(pretrained.provenance, notes=tuple(notes))
    return Assembled(architecture, parts, prepared, provenance, pretrained.classes)


def _given(module: nn.Module) -> Pretrained:
    name = type(module).__name__
    digest = sha256_of_tensors(module.state_dict())
    return Pretrained(copied(module), None, Provenance(name, f"Python object {name}", digest))


def _prepare(
    options: ModelOptions, pretrained: Pretrained, given: Preprocessing | None
) -> Preprocessing:
    known = given or pretrained.preprocessing
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
