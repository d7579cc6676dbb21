"""Tables of the trial of unfamiliar inputs, as tests of its measures need them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

from ...worlds import evidence_of

TRIAL = "ood"
SHIFTS = {
    "familiar": 0.0,
    "validation": 0.0,
    "choice-jigsaw": 1.5,
    "far-textures": 2.5,
    "far-noise": 3.0,
    "near-other": 1.0,
}
SEES = {"energy": 0.3, "knn": 1.0, "msp": 0.6}
"""How much of the shift each score sees."""


def ood_tables(
    n: int, shifts: Mapping[str, float] = SHIFTS, sees: Mapping[str, float] = SEES, seed: int = 0
) -> dict[str, Predictions]:
    """Return tables of n items each, whose scores are normal with variance 1, shifted as stated."""
    rng = np.random.default_rng(seed)
    return {
        step: Predictions(
            np.array([str(i) if step == "familiar" else f"{step}/{i}" for i in range(n)]),
            {name: rng.normal(size=n) + share * shift for name, share in sees.items()},
        )
        for step, shift in shifts.items()
    }


def ood_evidence(tables: Mapping[str, Predictions], n: int = 50) -> Evidence:
    """Return evidence of n clean items with these tables."""
    targets = np.zeros(n, np.int64)
    return evidence_of(np.eye(2)[targets], targets, trials={"ood": tables})


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return tables of the clean items and as many others, with validation data that are enough."""
    found = ood_tables(len(clean))
    found["familiar"] = replace(found["familiar"], ids=clean.ids)
    return {**found, "validation": ood_tables(60, seed=1)["validation"]}
