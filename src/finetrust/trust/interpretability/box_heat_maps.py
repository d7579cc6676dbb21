"""Boxes as pictures: the image with the box in question, and again under the heat that spoke for it."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from finetrust.core.atomic import replacing_folder
from finetrust.models.letterbox import Letterbox
from finetrust.trust.interpretability.box_cases import FALSE_ALARM, MISSED, BoxCase, box_cases
from finetrust.trust.interpretability.box_heat import box_heat
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.picture_pixels import overlaid

_SHOWN_PIXELS = 512
_ASKED, _TRUE = (255, 120, 0), (255, 255, 255)


@explanations.register("box_heat_maps")
def box_heat_maps(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Write pictures of confident false alarms, of missed objects, and of random right boxes.

    The box in question is drawn in orange, the annotated boxes in white. The heat map is that of
    the detection; for a missed object, of the detection of its class next to it, if there is one.

    Returns
    -------
    tuple of mapping
        With ``file`` and ``overlay``.

    Raises
    ------
    NotApplicable
        If the detector has no feature maps by which its scores have a gradient.
    """
    cases = box_cases(decisions.predictions, decisions.count, decisions.seed)
    if not cases:
        shutil.rmtree(decisions.folder, ignore_errors=True)
        return ()
    letterbox: Any = decisions.network.preprocessing
    assert isinstance(letterbox, Letterbox)
    prepare, pictures = letterbox.transform(), []
    with replacing_folder(decisions.folder) as temporary:
        for number, case in enumerate(cases):
            original = decisions.dataset.inputs[case.row]
            image: Tensor = prepare(original)
            box = letterbox.to_canvas(case.box, original.size)[0]
            heat = box_heat(decisions.network, image, box, case.label)
            plain = image.permute(1, 2, 0).numpy()
            hot = overlaid(plain, np.zeros(plain.shape[:2]) if heat is None else heat)
            others = letterbox.to_canvas(
                decisions.predictions["true_boxes"][case.row], original.size
            )
            names = f"{number:03d}.png", f"{number:03d}-overlay.png"
            inside = letterbox.scaled_size(original.size)
            for pixels, name in zip((plain, hot), names, strict=True):
                _drawn(pixels, inside, box, others).save(temporary / name)
            pictures.append(
                {
                    "file": names[0],
                    "overlay": names[1],
                    "id": decisions.dataset.ids[case.row],
                    "kind": case.kind,
                    "caption": _caption(case, decisions.classes, heat is not None),
                }
            )
    return tuple(pictures)


def _drawn(
    pixels: np.ndarray, inside: tuple[int, int], box: np.ndarray, others: np.ndarray
) -> Image.Image:
    """Return the part of the canvas that holds the image, enlarged, with the boxes on it."""
    picture = Image.fromarray(pixels).crop((0, 0, *inside))
    scale = max(1.0, _SHOWN_PIXELS / max(inside))
    picture = picture.resize(
        (round(inside[0] * scale), round(inside[1] * scale)), Image.Resampling.BILINEAR
    )
    draw = ImageDraw.Draw(picture)
    for other in others:
        draw.rectangle([float(x) for x in other * scale], outline=_TRUE, width=1)
    draw.rectangle([float(x) for x in box * scale], outline=_ASKED, width=3)
    return picture


def _caption(case: BoxCase, classes: Sequence[str], traced: bool) -> str:
    name = classes[case.label]
    if case.kind == MISSED:
        trace = (
            "the heat is that of a weak trace of it" if traced else "not a trace of it was found"
        )
        return f"{name}, missed; {trace}"
    if case.kind != FALSE_ALARM:
        return f"{name}, right, with a score of {case.score:.2f}"
    if case.truth is None:
        return f"{name} where there is none, with a score of {case.score:.2f}"
    if case.truth == case.label:
        return f"{name} found a second time, with a score of {case.score:.2f}"
    return f"{classes[case.truth]} taken for {name} with a score of {case.score:.2f}"
