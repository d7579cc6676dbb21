"""The trust profile: the measures of one model on one data set, with provenance, as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.core.measure import Axis, Measure
from finetrust.core.nearest import did_you_mean

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class TrustProfile:
    """What is known about how far a model can be trusted.

    Parameters
    ----------
    task : str
    model : mapping
        Provenance of the model: architecture, source, sha256, licence, strategy.
    data : mapping
        Provenance of the evaluation data: name, split, n, fingerprint, classes.
    measures : tuple of Measure
    notes : tuple of str
        Warnings that a reader must see, in plain words.
    pictures : tuple of mapping
        Explanations as pictures: ``file`` (relative to the run folder), ``id``, ``kind``
        ('confident error' or 'random correct'), ``target``, ``predicted``, ``confidence``; or a
        strip of examples: ``id``, ``kind``, ``target`` and ``panels``; or training items that stand
        for a class: ``id`` (the class), ``prototypes`` and ``criticisms``. All keys are told in
        ``trust/interpretability/explanation.py``.
    context : mapping
        Date, versions, machine, precision, seconds per part, ``untried`` (why trials were not held).
    """

    task: str
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()
    pictures: tuple[Mapping[str, Any], ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Measure:
        """Return the measure with the given key, e.g. ``profile["ece"]``.

        Raises
        ------
        UserError
            If there is none; the nearest key is suggested.
        """
        for measure in self.measures:
            if measure.key == key:
                return measure
        keys = [m.key for m in self.measures]
        raise UserError(
            f"unknown measure '{key}'",
            f"{did_you_mean(key, keys)} Known: {', '.join(keys)}.".strip(),
        )

    def __contains__(self, key: str) -> bool:
        return any(measure.key == key for measure in self.measures)

    def axis(self, axis: Axis) -> tuple[Measure, ...]:
        """Return the measures of one axis, in their order."""
        return tuple(m for m in self.measures if m.axis == axis)

    def subsets(self, name: str) -> tuple[Measure, ...]:
        """Return the measures called `name` on parts of the data, e.g. one a class."""
        return tuple(m for m in self.measures if m.name == name and m.subset)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "task": self.task,
            "model": dict(self.model),
            "data": dict(self.data),
            "measures": [m.to_dict() for m in self.measures],
            "notes": list(self.notes),
            "pictures": [dict(p) for p in self.pictures],
            "context": dict(self.context),
        }

    def save(self, path: Path) -> None:
        """Write the profile to a JSON file, whole or not at all."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> "TrustProfile":
        """Read a profile from a JSON file.

        Raises
        ------
        UserError
            If there is no profile at `path`, or its schema is another than this finetrust knows.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UserError(f"{path} does not exist", "Run finetrust evaluate first.") from error
        except (OSError, ValueError) as error:
            raise UserError(
                f"{path}: not a trust profile ({error})", "Run finetrust evaluate again."
            ) from error
        version = raw.get("schema_version") if isinstance(raw, dict) else None
        if version != SCHEMA_VERSION:
            raise UserError(
                f"{path}: trust profile schema {version}, this finetrust reads {SCHEMA_VERSION}",
                "Evaluate again, or install the finetrust that wrote it.",
            )
        return cls(
            task=raw["task"],
            model=raw["model"],
            data=raw["data"],
            measures=tuple(Measure(**m) for m in raw["measures"]),
            notes=tuple(raw["notes"]),
            pictures=tuple(raw["pictures"]),
            context=raw["context"],
        )
