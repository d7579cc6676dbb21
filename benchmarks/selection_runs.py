"""What the scores say of every candidate on a target, and what it comes to when it is fine-tuned.

Everything is kept in the folder of the benchmark as soon as it is known, and not done again.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from data_tables import read_table
from selection_candidates import options_of
from selection_sets import Target

import finetrust
from finetrust.selection.entry import Entry

RECIPE = {
    "strategy": "full",
    "learning_rate": 1e-2,
    "backbone_learning_rate": 3e-4,
    "layer_decay": 1.0,
    "weight_decay": 0.01,
    "augment": "none",
    "batch_size": 16,
    "precision": "bf16",
    "epochs": 6,
}
"""The head at a high rate and all layers below at one that does not undo what few images need: of three rates
the one that did well for near and far targets and for large and small networks, on seed 100."""


@dataclass(frozen=True, eq=False)
class FineTuned:
    """A candidate after fine-tuning.

    Parameters
    ----------
    right : bool array (n,)
        Which test items it answers rightly.
    seconds : float
        Of the fine-tuning.
    """

    right: np.ndarray
    seconds: float


def scored(target: Target, names: Sequence[str], shared: Path, home: Path) -> dict[str, Entry]:
    """Return the entries of ``finetrust select`` on the training items of a target, by candidate."""
    given = {name: options_of(name, shared, home / "candidates") for name in names}
    folder = home / "select" / target.data.stem
    selection = finetrust.select(
        target.data, tuple(given.values()), out=str(folder), workers=0, quiet=True
    )
    entries = {_key(entry.options): entry for entry in selection.entries}
    return {name: entries[_key(options)] for name, options in given.items()}


def fine_tuned(target: Target, name: str, seed: int, shared: Path, home: Path) -> FineTuned:
    """Return what full fine-tuning of a candidate comes to, done if it is not there yet."""
    file = home / "truth" / str(seed) / target.data.stem / f"{name}.json"
    if not file.exists():
        run = finetrust.tune(
            data=target.data,
            out=str(file.with_suffix("")),
            seed=seed,
            workers=0,
            resume=True,
            quiet=True,
            **{**RECIPE, **target.given},
            **options_of(name, shared, home / "candidates"),
        )
        rows = [row for row in read_table(target.data) if row["split"] == "test"]
        found = run.predict(*(row["path"] for row in rows), quiet=True)
        right = [int(one["class"] == row["label"]) for one, row in zip(found, rows, strict=True)]
        file.write_text(json.dumps({"right": right, "seconds": run.folder.record["seconds"]}))
        shutil.rmtree(file.with_suffix(""))
    found = json.loads(file.read_text(encoding="utf-8"))
    return FineTuned(np.array(found["right"], bool), found["seconds"])


def _key(options: Any) -> str:
    return json.dumps(dict(options), sort_keys=True)
