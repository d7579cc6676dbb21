"""Evidence on disk: all that measures were computed from, so that they can be computed again.

==========================  ===================================================================
``clean.parquet``           predictions on the untouched items
``TRIAL/STEP.parquet``      what each step of a trial found, e.g. ``corruptions/fog-3.parquet``
``baseline.parquet``        what a plain model says about the clean items
``items.parquet``           subgroups and measured properties of the clean items
``evidence.json``           classes, calibration, facts about the data, seed
``../val/clean.parquet``    predictions on the validation data
==========================  ===================================================================
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

_GROUP, _PROPERTY = "group:", "property:"
CORRUPTIONS = "corruptions"


def save_evidence(evidence: Evidence, folder: Path) -> None:
    """Write everything but the features and the validation predictions.

    ``evidence.json`` goes first and comes last: a folder without it is not whole. Tables of trials
    that are there already stay.
    """
    items = {_GROUP + name: values for name, values in evidence.groups.items()}
    items |= {_PROPERTY + name: values for name, values in evidence.properties.items()}
    tables = {
        "clean": evidence.clean.without("features"),
        "items": Predictions(evidence.clean.ids, items, evidence.clean.split),
    }
    for trial, of_trial in {CORRUPTIONS: evidence.perturbed, **evidence.trials}.items():
        tables |= {f"{trial}/{step}": table for step, table in of_trial.items()}
    if evidence.baseline is not None:
        tables["baseline"] = evidence.baseline
    facts = {
        "classes": list(evidence.classes),
        "calibration": dict(evidence.calibration),
        "protected": list(evidence.protected),
        "data": dict(evidence.data),
        "untried": dict(evidence.untried),
        "seed": evidence.seed,
    }
    forget_evidence(folder)
    for name, table in tables.items():
        table.save(folder / f"{name}.parquet")
    write_json(folder / "evidence.json", facts)


def forget_evidence(folder: Path) -> None:
    """Mark what the folder holds as not whole, before any of it changes; the tables stay."""
    for name in ("evidence.json", "baseline.parquet"):
        (folder / name).unlink(missing_ok=True)


def load_evidence(folder: Path) -> Evidence:
    """Read what :func:`save_evidence` wrote.

    Raises
    ------
    UserError
        If the folder holds no evidence.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder}: holds no predictions that measures could be computed from ({error})",
            "Run finetrust evaluate again.",
        ) from error
    items = Predictions.load(folder / "items.parquet")
    trials: dict[str, dict[str, Predictions]] = {}
    for file in sorted(folder.glob("*/*.parquet")):
        trials.setdefault(file.parent.name, {})[file.stem] = Predictions.load(file)
    baseline, validation = folder / "baseline.parquet", folder.parent / "val" / "clean.parquet"
    return Evidence(
        clean=Predictions.load(folder / "clean.parquet"),
        perturbed=trials.pop(CORRUPTIONS, {}),
        trials=trials,
        untried=facts["untried"],
        classes=tuple(facts["classes"]),
        calibration=facts["calibration"],
        baseline=Predictions.load(baseline) if baseline.exists() else None,
        validation=Predictions.load(validation) if validation.exists() else None,
        groups=_named(items, _GROUP),
        protected=tuple(facts["protected"]),
        properties=_named(items, _PROPERTY),
        data=facts["data"],
        seed=facts["seed"],
    )


def _named(items: Predictions, prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): values
        for name, values in items.columns.items()
        if name.startswith(prefix)
    }
