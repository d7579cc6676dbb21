"""From options to a network: pretrained weights, their preprocessing, and a head."""

from dataclasses import dataclass, replace

from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.models.head import Parts, take_apart
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import (
    Architecture,
    Pretrained,
    Provenance,
    load_pretrained,
    wrap_module,
)


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
    """Load the model that `options` name, or take the `module` given in Python.

    Raises
    ------
    UserError
        For an unknown model, unfit weights, or weights whose preprocessing nobody knows.
    """
    if module is None:
        if options.model is None:
            raise UserError("no model is given", "Name one with --model.")
        architecture, pretrained = load_pretrained(
            options.model, options.weights, options.model_args
        )
    else:
        architecture, pretrained = None, wrap_module(module)
    prepared = _prepare(options, pretrained, preprocessing)
    parts = take_apart(pretrained.module, prepared.input_size)
    if options.input_size and options.input_size != prepared.input_size:
        raise AssertionError("preprocessing lost the input size")
    return Assembled(
        architecture, parts, prepared, pretrained.provenance, pretrained.classes
    )


def _prepare(
    options: ModelOptions, pretrained: Pretrained, given: Preprocessing | None
) -> Preprocessing:
    known = given or pretrained.preprocessing
    if known is None and (options.input_size and options.mean and options.std):
        size = options.input_size
        known = Preprocessing(size, size, "bilinear", options.mean, options.std)
    if known is None:
        raise UserError(
            f"{pretrained.provenance.source}: the preprocessing of these weights is not known",
            "State it: --input-size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
            "(or return it from the builder, or pass preprocessing= in Python).",
        )
    return known.overridden(options.input_size, options.mean, options.std, options.interpolation)


def with_notes(provenance: Provenance, *notes: str) -> Provenance:
    """Return `provenance` with further notes."""
    return replace(provenance, notes=(*provenance.notes, *notes))
