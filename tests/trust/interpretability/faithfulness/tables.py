"""Made-up tables of the trial of explanations, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "explanations"
METHODS = {"grad_cam": 0.25, "saliency": 0.1, "layer_cam": 0.2}
"""Mean gain of each."""

MAPS = {"explanation": 0.3, "random": 0.0, "random_pixels": -0.05, "edges": 0.1}
REPLACEMENTS = ("noisy_linear", "mean", "blur", "black")
FIGURES = ("insertion", "deletion", "comprehensiveness", "sufficiency", "pixel_flipping")


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return a choice, figures of faithfulness, and heat; no figure where logits are not finite."""
    return {"choice": choice(), "faithfulness": faithfulness(clean), "heat": heat(clean)}


def choice(n: int = 20, **gains: float) -> Predictions:
    """Return the step ``choice``, in which no map stays with the weights."""
    rng = np.random.default_rng(11)
    columns = {}
    for method, gain in (gains or METHODS).items():
        middle = 0.5 + 0.03 * rng.normal(size=n)
        columns[f"{method}.insertion"] = middle + gain / 2
        columns[f"{method}.deletion"] = middle - gain / 2
        columns[f"{method}.weights"] = rng.uniform(-0.3, 0.3, n)
    return Predictions(np.array([f"val/{i}" for i in range(n)], dtype=str), columns)


def faithfulness(clean: Predictions, gain: float = 1.0) -> Predictions:
    """Return the step ``faithfulness``; `gain` says how much better the explanation is than chance."""
    rng = np.random.default_rng(12)
    n = len(clean)
    silent = ~np.isfinite(clean["logits"]).all(axis=1)
    columns = {}

    def told(values: np.ndarray) -> np.ndarray:
        return np.where(silent, np.nan, values)

    for name, above in MAPS.items():
        for replacement in REPLACEMENTS if name in ("explanation", "random") else REPLACEMENTS[:1]:
            shift = gain * above if name == "explanation" else above
            noise = rng.uniform(-0.2, 0.2, n)
            for figure, sign in zip(FIGURES, (1, -1, 1, -1, 1), strict=True):
                values = 0.5 + sign * shift / 2 + noise + rng.uniform(-0.1, 0.1, n)
                columns[f"{name}.{replacement}.{figure}"] = told(values.clip(0, 1))
        columns[f"{name}.infidelity"] = told((0.6 - above + rng.uniform(-0.2, 0.2, n)).clip(0, 1))
    return Predictions(clean.ids, columns, clean.split, "faithfulness")


def heat(clean: Predictions) -> Predictions:
    """Return the step ``heat``."""
    rng = np.random.default_rng(13)
    maps = rng.random((len(clean), 256), dtype=np.float32)
    silent = ~np.isfinite(clean["logits"]).all(axis=1)
    maps[silent] = np.nan
    columns = {
        "heat": maps / maps.sum(axis=1, keepdims=True),
        "target": clean["target"],
        "predicted": np.where(silent, 0, clean["logits"].argmax(axis=1)).astype(np.int64),
    }
    return Predictions(clean.ids, columns, clean.split, "heat")
