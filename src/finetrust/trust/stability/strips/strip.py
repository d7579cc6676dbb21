"""A strip of examples: one item untouched and as the trials change it, with what the model says of each."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.core.atomic import replacing_folder
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.trust.accuracy.probabilities import calibrated
from finetrust.trust.stability.strips.cases import Case, Tables
from finetrust.trust.trials.bench import Bench

FOLDER = "strips"
SHOWN_PIXELS = 160


@dataclass(frozen=True)
class Answer:
    """What the model says: the class and its confidence as ``predict`` shows it.

    Parameters
    ----------
    predicted : int or None
        None where it returned NaN or infinity.
    confidence : float or None
    """

    predicted: int | None
    confidence: float | None

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "Answer":
        """Read it off the probabilities of the classes, float array (classes,)."""
        if not np.isfinite(probabilities).all():
            return cls(None, None)
        best = int(probabilities.argmax())
        return cls(best, float(probabilities[best]))


@dataclass(frozen=True)
class Panel:
    """One picture, or one text, of a strip.

    Parameters
    ----------
    kind : str
        ``"untouched"``, ``"corruption"``, ``"harmless"``, ``"attack"``, ``"difference"`` (what an attack
        changed, enlarged) or ``"withstood"`` (an attack found nothing).
    shown : uint8 array (h, w, 3), str or None
    answer : Answer or None
        None where there is none to give.
    facts : mapping
        JSON values: ``type`` and ``severity`` of a corruption, ``change``, ``size`` of an attack in
        levels of 255, ``enlarged``.
    """

    kind: str
    shown: np.ndarray | str | None
    answer: Answer | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Maker:
    """What makes the strips of one kind of input.

    Parameters
    ----------
    cases : callable
        The items that are shown, by what the trials found. Raises NotApplicable where none can be.
    panels : callable
        The panels of each of them.
    """

    cases: Callable[[Bench, Tables], Sequence[Case]]
    panels: Callable[[Bench, Tables, Sequence[Case]], Sequence[Sequence[Panel]]]


strips: Registry[Maker] = Registry("strip of examples", "finetrust.trust.stability.strips")


def example_strips(bench: Bench, tables: Tables, folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the strips of a few items, drawn by the seed; only these items are computed again.

    Parameters
    ----------
    bench : Bench
    tables : mapping of str to mapping of str to Predictions
        What the trials found, by trial and step: the answers shown are those of the figures.
    folder : Path
        The folder of pictures of a run; pictures go to ``strips`` in it.

    Returns
    -------
    tuple of mapping
        For :class:`finetrust.core.profile.TrustProfile`: ``id``, ``kind`` (why the item was chosen),
        ``target`` and ``panels``, mappings with ``kind``, ``file`` (relative to the folder above
        `folder`) or ``text``, ``predicted``, ``confidence``, ``right`` and the facts of the
        :class:`Panel`. None where items are not images or texts of one class each.
    """
    kind = bench.task.kind.name
    if kind not in strips.names() or not bench.options.pictures:
        return ()
    maker = strips.get(kind)
    try:
        bench.require_rows_of_logits()
        cases = maker.cases(bench, tables)
    except NotApplicable:
        return ()
    if not cases:
        return ()
    drawn = maker.panels(bench, tables, cases)
    kept = _saved(drawn, folder / FOLDER)
    home = f"{folder.name}/{FOLDER}"
    return tuple(
        _told(bench, case, panels, files, home)
        for case, panels, files in zip(cases, drawn, kept, strict=True)
    )


def answers_of(
    predictions: Predictions, calibration: Mapping[str, Any], ids: Sequence[str]
) -> list[Answer | None]:
    """Return what a table says of items: None where they are not in it."""
    rows = {name: row for row, name in enumerate(predictions.ids.tolist())}
    found: list[Answer | None] = []
    for name in ids:
        if name not in rows:
            found.append(None)
            continue
        one = predictions.take(np.array([rows[name]]))
        found.append(Answer.of(calibrated(one, calibration)[0]))
    return found


def _saved(drawn: Sequence[Sequence[Panel]], folder: Path) -> list[list[str | None]]:
    """Write the pictures, and return their names; without any the folder is not there."""
    shutil.rmtree(folder, ignore_errors=True)
    pictures: dict[str, np.ndarray] = {}
    names: list[list[str | None]] = []
    for number, panels in enumerate(drawn):
        names.append([])
        for place, panel in enumerate(panels):
            name = f"{number:03d}-{place}-{panel.kind}.png"
            if isinstance(panel.shown, np.ndarray):
                pictures[name] = panel.shown
            names[-1].append(name if name in pictures else None)
    if pictures:
        with replacing_folder(folder) as temporary:
            for name, picture in pictures.items():
                _enlarged(picture).save(temporary / name)
    return names


def _enlarged(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image)
    if max(picture.size) >= SHOWN_PIXELS:
        return picture
    factor = -(-SHOWN_PIXELS // max(picture.size))
    size = picture.width * factor, picture.height * factor
    return picture.resize(size, Image.Resampling.NEAREST)


def _told(
    bench: Bench, case: Case, panels: Sequence[Panel], files: Sequence[str | None], home: str
) -> dict[str, Any]:
    target = int(bench.clean["target"][case.row])
    return {
        "id": bench.dataset.ids[case.row],
        "kind": case.kind,
        "target": bench.classes[target],
        "panels": [
            _panel(bench.classes, target, panel, None if file is None else f"{home}/{file}")
            for panel, file in zip(panels, files, strict=True)
        ],
    }


def _panel(classes: Sequence[str], target: int, panel: Panel, file: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": panel.kind, **panel.facts}
    if file is not None:
        found["file"] = file
    if isinstance(panel.shown, str):
        found["text"] = panel.shown
    if panel.answer is not None:
        predicted = panel.answer.predicted
        found["predicted"] = None if predicted is None else classes[predicted]
        found["confidence"] = panel.answer.confidence
        found["right"] = predicted == target
    return found
