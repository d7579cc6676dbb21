"""Run folders as an evaluation leaves them, from synthetic answers: no model is trained."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.evidence_folder import save_evidence
from finetrust.core.predictions import Predictions
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.trust.measure_all import measure_all

CLASSES = ("cat", "dog", "eel")


def answers(n: int = 300, skill: float = 2.0, seed: int = 0, items: int = 0) -> Evidence:
    """Return the evidence of a model of a certain skill; `items` decides the items, `seed` the rest."""
    targets = np.random.default_rng(items).integers(0, len(CLASSES), n)
    rng = np.random.default_rng([seed, n])
    logits = rng.normal(size=(n, len(CLASSES))) + skill * np.eye(len(CLASSES))[targets]
    ids = np.array([f"item-{i:05d}.png" for i in range(n)])
    columns = {"target": targets, "logits": logits}
    site = np.array(["north", "south"])[np.random.default_rng(items + 1).integers(0, 2, n)]
    return Evidence(
        Predictions(ids, columns),
        classes=CLASSES,
        groups={"site": site},
        data={"n_train": None},
    )


def write_run(path: Path, evidence: Evidence, fingerprint: str = "ab" * 32, **facts: Any) -> Path:
    """Write an evaluated run."""
    folder = RunFolder(path)
    path.mkdir(parents=True)
    folder.write_record(
        task="classification", status="finished", classes=list(evidence.classes), strategy="none"
    )
    save_evidence(evidence, folder.predictions / "test")
    data = {
        "name": "pets",
        "split": "test",
        "n": len(evidence.clean),
        "fingerprint": fingerprint,
        "classes": list(evidence.classes),
        "inputs": "images",
    }
    TrustProfile(
        task="classification",
        model={"architecture": "net"},
        data={**data, **facts},
        measures=measure_all(evidence),
    ).save(folder.profile_file)
    return path


def shuffled(evidence: Evidence, seed: int = 0) -> Evidence:
    """Return the same items in another order."""
    return evidence.take(np.random.default_rng(seed).permutation(len(evidence.clean)))


def with_answers(evidence: Evidence, wrong: np.ndarray) -> Evidence:
    """Return the evidence of a model that is right but for the items of a mask."""
    targets = evidence.clean["target"]
    predicted = np.where(wrong, (targets + 1) % len(CLASSES), targets)
    columns = {"target": targets, "logits": 2.0 * np.eye(len(CLASSES))[predicted]}
    return replace(evidence, clean=replace(evidence.clean, columns=columns))
