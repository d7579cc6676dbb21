"""From options to a detector: a head over a pretrained backbone, or a whole detector."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.images.some_sizes import some_sizes
from finetrust.models.assemble import Assembled, image_preprocessing, pretrained_model
from finetrust.models.detectors.fit import fit_detector
from finetrust.models.detectors.heads import heads
from finetrust.models.detectors.parts import DetectorKind, kind_of
from finetrust.models.head import take_apart
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network, as_they_are
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.pyramid import Pyramid, pyramid_of
from finetrust.models.source import Pretrained
from finetrust.models.weights_file import fit_weights

DEFAULT_HEAD = "fcos"

DEFAULT_SIDE = 320
"""Longer side of the canvas under a backbone that was made for classification."""


@dataclass(frozen=True)
class DetectorModel:
    """A pretrained model, ready to become a detector.

    Parameters
    ----------
    module : nn.Module
        A :class:`~finetrust.models.pyramid.Pyramid`, or a whole detector.
    kind : DetectorKind or None
        The family of a whole detector.
    """

    module: nn.Module
    kind: DetectorKind | None


def assemble_detector(
    options: ModelOptions,
    dataset: Dataset,
    module: nn.Module | None = None,
    preprocessing: Any = None,
) -> Assembled:
    """Load what `options` name, with a canvas in the proportions of the images.

    Raises
    ------
    UserError
        For an unknown model, one of another kind, unfit weights, or weights whose preprocessing
        nobody knows.
    """
    architecture, pretrained = pretrained_model(options, module)
    kind = kind_of(pretrained.module)
    if kind is None and pretrained.kind != "classifier":
        raise UserError(
            f"{pretrained.provenance.architecture} is a {pretrained.kind}, no model for detection",
            "Choose a detector or a backbone for images, or the --task that the model is made for.",
        )
    if kind is not None and pretrained.preprocessing is None:
        known = kind.preprocessing(pretrained.module)
        pretrained = replace(pretrained, preprocessing=known)
    colours = _colours(options, pretrained, preprocessing)
    body: nn.Module
    notes, fitted = list(pretrained.provenance.notes), tuple[str, ...]()
    if kind is None:
        canvas = _canvas(preprocessing, options, dataset, colours)
        body, canvas, fitted = _backbone(pretrained, colours, canvas, options)
    else:
        body = pretrained.module.float()
        if pretrained.file is not None:
            body, fitted = fit_detector(body, kind, pretrained.file)
        canvas = _canvas(preprocessing, options, dataset, colours, kind, body)
    provenance = replace(pretrained.provenance, notes=(*notes, *fitted))
    parts = DetectorModel(body, kind)
    return Assembled(architecture, parts, canvas, provenance, pretrained.classes)


def detection_network(assembled: Assembled, n_classes: int, head: str | None) -> Network:
    """Return the backbone under an untrained head, or the detector with untrained class layers.

    Raises
    ------
    UserError
        For an unknown head, or one over a detector that has its own.
    """
    model: DetectorModel = assembled.parts
    if isinstance(model.module, Pyramid):
        return _headed(model.module, head or DEFAULT_HEAD, n_classes, assembled.preprocessing)
    if head is not None:
        raise UserError(
            f"{assembled.provenance.architecture} has a head of its own, and --head {head} is given",
            "Leave --head out, or choose a classifier as the backbone.",
        )
    return _whole(model.module, n_classes, assembled.preprocessing)


def detector_as_it_comes(assembled: Assembled) -> tuple[Network, int] | None:
    """Return a whole detector with its own classes, and their number; None for a backbone."""
    model: DetectorModel = assembled.parts
    if model.kind is None:
        return None
    n_classes = model.kind.n_classes(model.module)
    return _whole(model.module, None, assembled.preprocessing), n_classes


def restored_detector(
    module: nn.Module, recipe: Mapping[str, Any], letterbox: Letterbox
) -> Network:
    """Return the untrained network again."""
    if recipe["head"] is None:
        return _whole(module.float(), recipe["n_classes"], letterbox)
    return _headed(
        pyramid_of(module, letterbox.canvas), recipe["head"], recipe["n_classes"], letterbox
    )


def _headed(pyramid: Pyramid, name: str, n_classes: int, letterbox: Letterbox) -> Network:
    head = heads.get(name)(pyramid.channels, pyramid.strides, n_classes, letterbox.canvas)
    recipe = {"head": name, "n_classes": n_classes}
    return Network(pyramid, head, letterbox, features_of=as_they_are, recipe=recipe)


def _whole(module: nn.Module, n_classes: int | None, letterbox: Letterbox) -> Network:
    kind = kind_of(module)
    assert kind is not None
    if n_classes is not None:
        module = kind.with_classes(module, n_classes)
    parts = kind.parts(module, letterbox.canvas)
    return Network(
        parts.backbone,
        parts.head,
        letterbox,
        features_of=parts.features_of,
        fresh=frozenset(f"head.{name}" for name in parts.class_layers),
        recipe={"head": None, "n_classes": n_classes},
    )


def _colours(options: ModelOptions, pretrained: Pretrained, given: Any) -> Preprocessing:
    """Return filter, mean and deviation, and the size that the model was made for."""
    if isinstance(given, Letterbox):
        size = given.input_size
        return Preprocessing(size, size, given.interpolation, given.mean, given.std)
    known = given is not None or pretrained.preprocessing is not None
    own = options.model_copy(update={"input_size": None}) if known else options
    return image_preprocessing(own, pretrained, given)


def _canvas(
    given: Any,
    options: ModelOptions,
    dataset: Dataset,
    colours: Preprocessing,
    kind: DetectorKind | None = None,
    module: nn.Module | None = None,
) -> Letterbox:
    if isinstance(given, Letterbox):
        return given
    sizes = some_sizes(dataset)
    if kind is None or module is None:
        return Letterbox.fitting(sizes, options.input_size or DEFAULT_SIDE, colours)
    shape = Letterbox.fitting(sizes, 1 << 12, colours).canvas
    longer = round(min(colours.input_size, colours.resize * max(shape) / min(shape)))
    longer = options.input_size or longer
    fitting = Letterbox.fitting(sizes, longer, colours)
    return fitting.squared(longer) if kind.is_square(module) else fitting


def _backbone(
    pretrained: Pretrained, colours: Preprocessing, canvas: Letterbox, options: ModelOptions
) -> tuple[Pyramid, Letterbox, tuple[str, ...]]:
    """Return the pyramid over a classifier; one that takes its own size alone is given that."""
    module, notes = pretrained.module, tuple[str, ...]()
    if pretrained.file is not None:
        parts, notes = fit_weights(take_apart(module, colours.input_size), pretrained.file)
        module = parts.backbone
    try:
        return pyramid_of(module, canvas.canvas), canvas, notes
    except UserError:
        if options.input_size is not None:
            raise
        square = canvas.squared(colours.input_size)
        return pyramid_of(module, square.canvas), square, notes
