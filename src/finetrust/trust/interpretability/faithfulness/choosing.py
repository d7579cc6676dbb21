"""The step ``choice``: every candidate explains validation items, and its maps are put to the test."""

from dataclasses import replace

import numpy as np
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.agreement import order_kept
from finetrust.trust.interpretability.explaining import Explainable, explainer, maps_of
from finetrust.trust.interpretability.faithfulness.columns import LEADING
from finetrust.trust.interpretability.faithfulness.removal import removal_curves
from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements
from finetrust.trust.interpretability.randomisation import drawn_anew
from finetrust.trust.trials.bench import Bench

FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
ITEMS = {"quick": 32, "standard": 64, "full": 128}
CHECKED = 16
"""Items of which it is seen whether the map changes with the weights: a sign test needs no more."""


def choice_rows(bench: Bench) -> np.ndarray:
    """Return the rows of the validation items to choose on: sorted int64 (n,), none without such data."""
    n = 0 if bench.validation_items is None else len(bench.validation_items)
    most = ITEMS[bench.effort.name]
    if bench.effort.most is not None:
        most = min(most, bench.effort.most)
    return np.sort(np.random.default_rng(bench.seed).permutation(n)[:most])


def choice_passes(found: Explainable, n: int) -> int:
    """Return what the choice costs on n items, in forward passes."""
    removals = 2 * (len(FRACTIONS) - 2) * len(found.methods) + 3
    return n * removals + (n + min(n, CHECKED)) * found.passes


def choice_table(bench: Bench, found: Explainable, rows: np.ndarray) -> Predictions:
    """Return the areas of insertion and deletion of every candidate, and how its maps change.

    What is explained is the answer of the network; an item without one has NaN.
    """
    columns = {
        f"{method}.{figure}": np.full(len(rows), np.nan)
        for method in found.methods
        for figure in ("insertion", "deletion", "weights")
    }
    dataset = bench.validation_items
    if dataset is None or not len(rows):
        return Predictions(np.array([], dtype=str), columns)
    on = replace(bench, dataset=dataset.take(rows))
    for part, pixels in on.batches(np.arange(len(rows)), "choice of the explanation"):
        logits = bench.inference(pixels)
        answered = logits.isfinite().all(dim=1)
        if not answered.any():
            continue
        part = part[answered.cpu().numpy()]
        items = pixels[answered], logits[answered].argmax(dim=1), on.seeds(part)
        for name, values in _figures(bench, found, *items, int((part < CHECKED).sum())).items():
            columns[name][part[: len(values)]] = values
    return Predictions(np.asarray(on.dataset.ids, dtype=str), columns)


def _figures(
    bench: Bench, found: Explainable, images: Tensor, targets: Tensor, seeds: Tensor, checked: int
) -> dict[str, np.ndarray]:
    """Return the columns for a batch; those of weights for its first items only."""
    columns = {}
    explains = {method: explainer(method, found.layer) for method in found.methods}
    maps = [
        maps_of(explain, bench.network, images, targets, seeds) for explain in explains.values()
    ]
    curves = removal_curves(
        bench.inference, images, targets, maps, seeds, replacements.get(LEADING[0]), FRACTIONS,
        bench.inference.batch_size,
    )  # fmt: skip
    for method, (deleted, inserted) in zip(found.methods, curves, strict=True):
        columns[f"{method}.insertion"] = inserted.area().numpy()
        columns[f"{method}.deletion"] = deleted.area().numpy()
    if checked:
        some = images[:checked], targets[:checked], seeds[:checked]
        [(_, changed)] = drawn_anew(bench.network, images[:1], 1, bench.seed)
        for (method, explain), plain in zip(explains.items(), maps, strict=True):
            kept = order_kept(plain[:checked], maps_of(explain, changed, *some))
            columns[f"{method}.weights"] = kept.cpu().numpy()
    return columns
