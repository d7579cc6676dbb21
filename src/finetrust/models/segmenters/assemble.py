"""From options to a segmentation network: a head over a pretrained backbone, or a whole model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.images.some_sizes import some_sizes
from finetrust.models.assemble import Assembled, image_preprocessing, pretrained_model
from finetrust.models.head import take_apart
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network, as_they_are
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.pyramid import pyramid_of
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.models.segmenters.head import segmentation_heads
from finetrust.models.segmenters.quarter import AtQuarter
from finetrust.models.segmenters.whole import Whole, fit_segmenter, whole_parts
from finetrust.models.source import Pretrained
from finetrust.models.weights_file import fit_weights

DEFAULT_HEAD = "segformer"
MOST_PIXELS = 512
"""Longer side of the canvas where the user says nothing and the images are larger."""


@dataclass(frozen=True)
class SegmenterParts:
    """A pretrained model, ready to become a segmentation network.

    Parameters
    ----------
    module : nn.Module
        A backbone without its classifier; of a whole model, the model.
    whole : Whole or None
        The parts of a whole model.
    input_size : int
        Side of the images that the backbone's classifier was made for.
    """

    module: nn.Module
    whole: Whole | None
    input_size: int


def assemble_segmenter(
    options: ModelOptions,
    dataset: Dataset,
    module: nn.Module | None = None,
    preprocessing: Any = None,
) -> Assembled:
    """Load what `options` name, with a canvas in the proportions of the images.

    Raises
    ------
    UserError
        For an unknown model, one of another kind, unfit weights, or weights whose preprocessing nobody
        knows.
    """
    architecture, pretrained = pretrained_model(options, module)
    colours = _colours(options, pretrained, preprocessing)
    canvas = (
        preprocessing
        if isinstance(preprocessing, Letterbox)
        else _canvas(options, dataset, colours)
    )
    notes = list(pretrained.provenance.notes)
    whole = whole_parts(pretrained.module)
    if whole is not None:
        if pretrained.file is not None:
            notes += fit_segmenter(pretrained.module, pretrained.file)
            whole = whole_parts(pretrained.module)
        parts = SegmenterParts(pretrained.module.float(), whole, colours.input_size)
    elif pretrained.kind == "classifier":
        taken = take_apart(pretrained.module, colours.input_size)
        if pretrained.file is not None:
            taken, fitted = fit_weights(taken, pretrained.file)
            notes += fitted
        parts = SegmenterParts(taken.backbone, None, colours.input_size)
    else:
        raise UserError(
            f"{pretrained.provenance.architecture} is a {pretrained.kind}, no model for segmentation",
            "Choose a segmentation model or a backbone, or the --task that the model is made for.",
        )
    provenance = replace(pretrained.provenance, notes=tuple(notes))
    return Assembled(architecture, parts, canvas, provenance, pretrained.classes)


def segmentation_network(assembled: Assembled, n_classes: int, head: str | None) -> Network:
    """Return the model with untrained last layers, or the backbone under an untrained head.

    Raises
    ------
    UserError
        For an unknown head, or one over a model that has its own.
    """
    parts: SegmenterParts = assembled.parts
    if parts.whole is None:
        name = head or DEFAULT_HEAD
        return _headed(parts.module, parts.input_size, name, n_classes, assembled.preprocessing)
    if head is not None:
        raise UserError(
            f"{assembled.provenance.architecture} has a head of its own, and --head {head} is given",
            "Leave --head out, or choose a classifier as the backbone.",
        )
    whole = parts.whole.with_classes(n_classes)
    fresh = [f"head.head.{name}." for name in whole.classifiers]
    return _whole_network(whole, assembled.preprocessing, tuple(fresh))


def segmenter_as_it_comes(assembled: Assembled) -> Network | None:
    """Return a whole model with the head it came with; None for a backbone."""
    whole = assembled.parts.whole
    if whole is None:
        return None
    return _whole_network(whole, assembled.preprocessing)


def restored_segmenter(
    module: nn.Module, recipe: Mapping[str, Any], preprocessing: Letterbox
) -> Network:
    """Return the untrained network again."""
    n_classes, head = recipe["n_classes"], recipe["head"]
    if head is None:
        whole = whole_parts(module.float())
        assert whole is not None
        return _whole_network(whole.with_classes(n_classes), preprocessing)
    backbone = take_apart(module, recipe["input_size"]).backbone
    return _headed(backbone, recipe["input_size"], head, n_classes, preprocessing)


def _headed(
    backbone: nn.Module, input_size: int, name: str, n_classes: int, preprocessing: Letterbox
) -> Network:
    kind = segmentation_heads.get(name)
    pyramid = pyramid_of(backbone, preprocessing.canvas, kind.strides)
    recipe = {"head": name, "n_classes": n_classes, "input_size": input_size}
    return _network(pyramid, kind(pyramid.channels, n_classes), preprocessing, recipe)


def _whole_network(whole: Whole, preprocessing: Letterbox, fresh: tuple[str, ...] = ()) -> Network:
    recipe = {"head": None, "n_classes": whole.n_classes}
    return _network(whole.backbone, whole.head, preprocessing, recipe, fresh)


def _network(
    backbone: nn.Module,
    head: nn.Module,
    preprocessing: Letterbox,
    recipe: Mapping[str, Any],
    fresh: tuple[str, ...] = (),
) -> Network:
    at_quarter = AtQuarter(head, preprocessing.canvas)
    names = [f"head.{n}" for n, _ in at_quarter.named_parameters()]
    return Network(
        backbone,
        at_quarter,
        preprocessing,
        features_of=as_they_are,
        fresh=frozenset(n for n in names if n.startswith(fresh)) if fresh else None,
        recipe=recipe,
        around=preprocessing.around if isinstance(preprocessing, Windows) else None,
    )


def _colours(options: ModelOptions, pretrained: Pretrained, given: Any) -> Preprocessing:
    """Return filter, mean and deviation, and the size that the classifier was made for."""
    if isinstance(given, Letterbox):
        size = given.input_size
        return Preprocessing(size, size, given.interpolation, given.mean, given.std)
    known = given is not None or pretrained.preprocessing is not None
    own = options.model_copy(update={"input_size": None}) if known else options
    return image_preprocessing(own, pretrained, given)


def _canvas(options: ModelOptions, dataset: Dataset, colours: Preprocessing) -> Letterbox:
    if options.sliding_window:
        return Windows.fitting([], options.input_size or MOST_PIXELS, colours)
    sizes = some_sizes(dataset)
    typical = int(np.median([max(size) for size in sizes])) if sizes else MOST_PIXELS
    return Letterbox.fitting(sizes, options.input_size or min(typical, MOST_PIXELS), colours)
