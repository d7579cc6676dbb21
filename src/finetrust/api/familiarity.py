"""What a run keeps about which inputs are familiar to its model, for ``predict`` to mark the others.

``familiarity/`` holds ``familiarity.json`` (which score, and why that one) and ``state.safetensors`` (what
was fitted, and the score of every validation item); both or none of them.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from finetrust.core.atomic import replacing_folder, write_json
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.run_folder import RunFolder
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree
from finetrust.trust.stability.ood.choice import Separation
from finetrust.trust.stability.ood.familiarity import (
    FALSE_ALARMS,
    Familiarity,
    fewest_false_alarms,
    learn_familiarity,
)
from finetrust.trust.stability.ood.knowledge import knowledge_of
from finetrust.trust.stability.ood.passes import rows_of_numbers
from finetrust.trust.stability.ood.score import Head, Seen, scores
from finetrust.trust.trials.bench import Bench

FORMAT = 1
_VALIDATION = "validation"
_FITTED = "fitted."

Marks = Callable[[Tree, Tree], list[dict[str, Any]]]
"""From features and outputs of some inputs to what is added to the answer about each."""


def keep_familiarity(folder: RunFolder, bench: Bench) -> None:
    """Learn which inputs are familiar to a model, and write it to its run; nothing where that cannot be."""
    try:
        learned = learn_familiarity(knowledge_of(bench))
    except NotApplicable:
        return
    save_familiarity(learned, folder.familiarity)


def save_familiarity(learned: Familiarity, folder: Path) -> None:
    """Write what was learned to a folder, whole or not at all."""
    facts = {
        "format": FORMAT,
        "score": learned.score,
        "n": len(learned.validation),
        "separations": {name: asdict(one) for name, one in learned.separations.items()},
    }
    arrays = {_FITTED + name: np.ascontiguousarray(v) for name, v in learned.state.items()}
    arrays[_VALIDATION] = np.ascontiguousarray(learned.validation, dtype=np.float64)
    with replacing_folder(folder) as temporary:
        write_json(temporary / "familiarity.json", facts)
        save_file(arrays, temporary / "state.safetensors")


def load_familiarity(folder: Path) -> Familiarity | None:
    """Return what :func:`save_familiarity` wrote; None where there is nothing.

    Raises
    ------
    UserError
        If it is broken, or of another version.
    """
    if not folder.exists():
        return None
    try:
        facts = json.loads((folder / "familiarity.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / "state.safetensors")
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}, not {FORMAT}")
        scores.get(facts["score"])
        state = {
            name.removeprefix(_FITTED): values
            for name, values in arrays.items()
            if name.startswith(_FITTED)
        }
        separations = {name: Separation(**one) for name, one in facts["separations"].items()}
        return Familiarity(facts["score"], state, arrays[_VALIDATION], separations)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise UserError(
            f"{folder}: cannot be read ({type(error).__name__}: {error})",
            "Delete it to predict without marks of unfamiliar inputs, or tune again.",
        ) from error


def marks(folder: RunFolder, inference: Inference, false_alarms: float | None) -> Marks | None:
    """Return what marks inputs that are unfamiliar to a model; None where the run does not know.

    Parameters
    ----------
    folder : RunFolder
    inference : Inference
    false_alarms : float or None
        The share of familiar inputs that may be marked; None for 5 %, or no marks where the validation
        data are too few for that.

    Raises
    ------
    UserError
        If the user asks for a share that cannot be promised.
    """
    if false_alarms is not None and not 0 < false_alarms < 1:
        raise UserError(
            f"a share of false alarms of {false_alarms:g} is not between 0 and 1",
            "Give one such as 0.05.",
        )
    learned = load_familiarity(folder.familiarity)
    if learned is None:
        if false_alarms is not None:
            raise UserError(
                f"{folder.path} does not know which inputs are familiar: it was not evaluated, it was tuned "
                "without validation data, or for another task than classification",
                "Evaluate it first, or leave --false-alarms out.",
            )
        return None
    known, share = learned, FALSE_ALARMS if false_alarms is None else false_alarms
    least = fewest_false_alarms(len(known.validation))
    if least > share:
        if false_alarms is not None:
            raise UserError(
                f"{false_alarms:g} false alarms cannot be promised with "
                f"{len(known.validation)} validation items",
                f"Choose at least {least:.4f}.",
            )
        return None
    head = Head.of(inference)

    def marked(features: Tree, outputs: Tree) -> list[dict[str, Any]]:
        n = len(outputs)
        seen = Seen(rows_of_numbers(features, n), rows_of_numbers(outputs, n))
        return [
            {"unfamiliar": bool(value <= share), "familiarity": float(value)}
            for value in known(seen, head)
        ]

    return marked
