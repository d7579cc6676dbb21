"""Small evidence on which every score is compared with its reference: ordinary and degenerate."""

import numpy as np

from finetrust.selection.evidence import Evidence


def evidence(
    n: int = 60, d: int = 8, classes: int = 4, apart: float = 1.0, seed: int = 0
) -> Evidence:
    """Return normal features around the means of their classes, with logits of a source head."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    means = rng.standard_normal((classes, d))
    features = rng.standard_normal((n, d)) + apart * means[labels]
    logits = rng.standard_normal((n, classes + 2))
    logits[np.arange(n), labels] += 1.5 * apart
    return Evidence(features.astype(np.float32), labels, logits.astype(np.float32))


def _with(base: Evidence, features: np.ndarray, labels: np.ndarray | None = None) -> Evidence:
    given = base.labels if labels is None else labels
    return Evidence(features.astype(np.float32), given, base.source_logits)


def _scaled(base: Evidence, factor: float) -> Evidence:
    return _with(base, base.features * factor)


def _worlds() -> dict[str, Evidence]:
    base = evidence()
    x, y = base.features, base.labels
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 6, len(y))
    constant = np.concatenate([x, np.full((len(y), 1), 3.5)], axis=1)
    lone = y.copy()
    lone[np.flatnonzero(y == 3)[1:]] = 0
    few = evidence(n=8, d=3, classes=6, seed=2)
    twice = base.take(np.repeat(np.arange(30), 2))
    return {
        "ordinary": base,
        "fewer items than features": evidence(n=12, d=30, classes=3, seed=3),
        "fewer items than features, small numbers": _scaled(evidence(n=14, d=30, seed=7), 0.1),
        "as many items as features": evidence(n=10, d=10, classes=2, seed=4),
        "duplicated rows": twice,
        "one-hot features": _with(base, np.eye(6)[kinds]),
        "a constant column": _with(base, constant),
        "a column twice": _with(base, x[:, [0, 1, 2, 3, 4, 5, 6, 7, 7]]),
        "a mean far from 0": _with(base, x + 1000),
        "a class with one example": _with(base, x, lone),
        "more classes than items in most": few,
        "labels with gaps": _with(base, x, np.array([-3, 0, 12, 700])[y]),
        "one feature": _with(base, x[:, :1]),
        "small numbers": _scaled(base, 1e-3),
        "classes that do not matter": evidence(apart=0.0, seed=5),
        "classes far apart": evidence(apart=4.0, seed=6),
    }


WORLDS = _worlds()
