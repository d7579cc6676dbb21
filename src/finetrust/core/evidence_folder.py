"""Evidence on disk: all that measures were computed from, so that they can be computed again.

==========================  ===================================================================
``clean.parquet``           predictions on the untouched items
``NAME.parquet``            predictions under the perturbation NAME
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

from finetrust.core.atomic import replacing_folder, write_json
from finetrust.core.errors import UserError
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

_OWN = ("clean", "baseline", "items")
_GROUP, _PROPERTY = "group:", "property:"


def save_evidence(evidence: Evidence, folder: Path) -> None:
    """Write everything but the features and the validation predictions, whole or not at all."""
    items = {_GROUP + name: values for name, values in evidence.groups.items()}
    items |= {_PROPERTY + name: values for name, values in evidence.properties.items()}
    tables = {
        "clean": evidence.clean.without("features"),
        "items": Predictions(evidence.clean.ids, items, evidence.clean.split),
        **evidence.perturbed,
    }
    if evidence.baseline is not None:
        tables["baseline"] = evidence.baseline
    facts = {
        "classes": list(evidence.classes),
        "calibration": dict(evidence.calibration),
        "protected": list(evidence.protected),
        "data": dict(evidence.data),
        "seed": evidence.seed,
    }
    with replacing_folder(folder) as temporary:
        for name, table in tables.items():
            table.save(temporary / f"{name}.parquet")
        write_json(temporary / "evidence.json", facts)


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
    baseline, validation = folder / "baseline.parquet", folder.parent / "val" / "clean.parquet"
    return Evidence(
        clean=Predictions.load(folder / "clean.parquet"),
        perturbed={
            file.stem: Predictions.load(file)
            for file in sorted(folder.glob("*.parquet"))
            if file.stem not in _OWN
        },
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
