"""Made-up tables of the trial of the explanations themselves, for the tests of all measures."""

from itertools import combinations

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "sanity"
METHODS = ("grad_cam", "saliency", "integrated_gradients", "edges")
STAGES = 4
CHANGES = ("flip", "shift", "brightness")


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return figures of maps that follow the network, and of edges, which do not; every eighth is NaN.

    The last method was tried on every other item only. Mirroring turns every fifth answer.
    """
    rng = np.random.default_rng(7)
    n = len(clean)
    finite = np.isfinite(clean["logits"]).all(axis=1)
    rows = np.flatnonzero(finite)
    whole = {f"answer-{change}": np.ones(n) for change in CHANGES}
    whole["answer-flip"][::5] = 0
    for number, method in enumerate(METHODS):
        lacking = np.arange(n) % 8 == 7
        columns = of_method(rng, n, method)
        columns["harmless-flip"][::5] = np.nan
        for name, values in columns.items():
            values[lacking] = np.nan
            whole[f"{method}.{name}"] = values
        tried = np.arange(n) % 2 == 0 if number == len(METHODS) - 1 else np.full(n, True)
        whole[f"{method}.judged"], whole[f"{method}.moved"] = tried, tried
    pairs = {}
    for one, two in combinations(METHODS, 2):
        pairs[f"{one}|{two}.rank"] = np.clip(rng.normal(0.4, 0.3, n), -1, 1)
        pairs[f"{one}|{two}.top"] = rng.uniform(0, 0.8, n)
        pairs[f"{one}|{two}.compared"] = np.ones(n)
    found = {"sanity": whole, "agreement": pairs}
    return {
        name: Predictions(clean.ids, of, clean.split, name).take(rows) for name, of in found.items()
    }


def of_method(rng: np.random.Generator, n: int, method: str) -> dict[str, np.ndarray]:
    """Return figures as the trial finds them, all of them known."""
    alike = 0.9 if method == "edges" else 0.1
    columns = {
        f"{kind}-{stage}": np.clip(rng.normal(alike, 0.05, n), -1, 1)
        for stage in range(1, STAGES + 1)
        for kind in ("weights", "absolute", "similarity")
    }
    columns["labels"] = np.clip(rng.normal(alike, 0.05, n), -1, 1)
    columns |= {f"harmless-{change}": rng.uniform(0.5, 1, n) for change in CHANGES}
    columns["sensitivity_max"] = rng.gamma(3, 0.1, n)
    columns["sensitivity_mean"] = 0.5 * columns["sensitivity_max"]
    columns["entropy"], columns["gini"] = rng.uniform(4, 6, n), rng.uniform(0.3, 0.7, n)
    if method == "integrated_gradients":
        columns["completeness"] = rng.gamma(2, 0.01, n)
    return columns
