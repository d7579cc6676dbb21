"""What a search has found: its trials, their front, and the points on it worth training for good."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.pareto import pareto_front
from finetrust.tuning.search.objective import Objective
from finetrust.tuning.search.pareto import compromise, hypervolume
from finetrust.tuning.search.trial import SearchTrial

SCHEMA_VERSION = 1
FILE = "search.json"


@dataclass(frozen=True)
class Search:
    """A search, finished or not.

    Every figure is of validation data, on which the trials were also stopped, calibrated and chosen: of
    many trials the best looks better than it is. What a point is worth is said by test data, once.

    Parameters
    ----------
    path : Path
        Folder of the search.
    objectives : tuple of Objective
    trials : tuple of SearchTrial
        In the order of their numbers.
    space : mapping
        What was varied, as its YAML.
    options : mapping
        What all trials have in common: the options of ``finetrust tune`` that were given.
    task : str
    seed : int
    finals : tuple of mapping
        The points that were trained for good and judged on test data: ``trial`` and ``run``.
    notes : tuple of str
        What a reader must know.
    """

    path: Path
    objectives: tuple[Objective, ...]
    trials: tuple[SearchTrial, ...]
    space: Mapping[str, Any]
    options: Mapping[str, Any]
    task: str
    seed: int
    finals: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def finished(self) -> tuple[SearchTrial, ...]:
        """The trials that were trained and judged to the end."""
        return tuple(trial for trial in self.trials if trial.state == "finished")

    @property
    def points(self) -> np.ndarray:
        """The objectives of the finished trials, higher is better: float array (finished, objectives)."""
        gains = [
            [objective.gain(trial.figures[objective.key].value) for objective in self.objectives]
            for trial in self.finished
        ]
        return np.array(gains, dtype=float).reshape(-1, len(self.objectives))

    @cached_property
    def pareto(self) -> tuple[SearchTrial, ...]:
        """The finished trials that no other dominates, best first by the first objective."""
        rows = np.flatnonzero(pareto_front(self.points))
        ordered = sorted(rows.tolist(), key=lambda row: (-self.points[row, 0], row))
        return tuple(self.finished[row] for row in ordered)

    def best(self, measure: str | None = None) -> SearchTrial:
        """Return the best trial of one objective, or the one of the front that is nearest to the best of all.

        Parameters
        ----------
        measure : str, optional
            Key of an objective; without one, see :func:`~finetrust.tuning.search.pareto.compromise`.

        Raises
        ------
        UserError
            If no trial is finished, or the measure is no objective of this search.
        """
        if not self.finished:
            raise UserError(f"{self.path}: no trial is finished", "Go on with it: --resume.")
        if measure is None:
            return self.finished[compromise(self.points)]
        keys = [objective.key for objective in self.objectives]
        if measure not in keys:
            raise UserError(
                f"'{measure}' is no objective of this search",
                did_you_mean(measure, keys) or f"Objectives: {', '.join(keys)}.",
            )
        return self.finished[int(np.argmax(self.points[:, keys.index(measure)]))]

    def trial(self, number: int) -> SearchTrial:
        """Return a trial that was trained to the end.

        Raises
        ------
        UserError
            If there is none of that number.
        """
        for trial in self.finished:
            if trial.number == number:
                return trial
        known = ", ".join(str(trial.number) for trial in self.finished)
        raise UserError(f"{self.path}: trial {number} is not finished", f"Finished: {known}.")

    def config(self, trial: SearchTrial) -> dict[str, Any]:
        """Return the options of ``finetrust tune`` that train the point of a trial again."""
        return {**self.options, **trial.options}

    def growth(self) -> list[tuple[int, float]]:
        """Return how much of the space the front ruled after each finished trial: number, share.

        The hypervolume above the worst that was seen in every objective, as a share of the box up to the
        best in every objective; 0 throughout where all trials are alike in one of them.
        """
        if not self.finished:
            return []
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        box = float(np.prod(high - low))
        return [
            (trial.number, hypervolume(self.points[: i + 1], low) / box if box else 0.0)
            for i, trial in enumerate(self.finished)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the search as JSON values."""
        best = self.best() if self.finished else None
        return {
            "schema_version": SCHEMA_VERSION,
            "task": self.task,
            "seed": self.seed,
            "objectives": [
                {"measure": o.key, "direction": o.direction, "title": o.title}
                for o in self.objectives
            ],
            "judged_on": "validation data",
            "options": dict(self.options),
            "space": dict(self.space),
            "pareto": [trial.number for trial in self.pareto],
            "best": best and best.number,
            "trials": [trial.to_dict() for trial in self.trials],
            "finals": [dict(final) for final in self.finals],
            "notes": list(self.notes),
        }

    def save(self) -> None:
        """Write ``search.json`` to the folder of the search, whole or not at all."""
        write_json(self.path / FILE, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> "Search":
        """Read a search from its folder.

        Raises
        ------
        UserError
            If there is none, or it was written by another finetrust.
        """
        file = Path(path) / FILE
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UserError(
                f"{path} holds no search", "Give the folder that finetrust search wrote."
            ) from error
        except (OSError, ValueError) as error:
            raise UserError(
                f"{file}: cannot be read ({error})", "Go on with the search: --resume."
            ) from error
        version = raw.get("schema_version") if isinstance(raw, dict) else None
        if version != SCHEMA_VERSION:
            raise UserError(
                f"{file}: schema {version}, this finetrust reads {SCHEMA_VERSION}",
                "Install the finetrust that wrote it, or search again.",
            )
        return cls(
            path=Path(path),
            objectives=tuple(Objective(o["measure"], o["direction"]) for o in raw["objectives"]),
            trials=tuple(SearchTrial.from_dict(trial) for trial in raw["trials"]),
            space=raw["space"],
            options=raw["options"],
            task=raw["task"],
            seed=raw["seed"],
            finals=tuple(raw["finals"]),
            notes=tuple(raw["notes"]),
        )
