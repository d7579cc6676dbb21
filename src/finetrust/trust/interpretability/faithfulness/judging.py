"""The step ``faithfulness``: the chosen explanation of each answer beside maps that know nothing of it."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.explaining import Explainable, explainer, maps_of
from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps, sobel_maps
from finetrust.trust.interpretability.faithfulness.columns import (
    EXPLANATION,
    FIGURES,
    LEADING,
    RIVAL,
)
from finetrust.trust.interpretability.faithfulness.infidelity import infidelity, square_removals
from finetrust.trust.interpretability.faithfulness.removal import (
    FRACTIONS,
    RemovalCurve,
    aopc,
    at_equal_steps,
    comprehensiveness,
    removal_curves,
    sufficiency,
)
from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements
from finetrust.trust.trials.bench import Bench

REPLACEMENT = LEADING[0]
OTHERS = ("black", "blur", "mean")
"""Replacements that are tried besides, from effort standard on, on the explanation and its first rival."""

RIVALS = (RIVAL, "random_pixels", "edges")
CELLS = 7
"""Of the random map along each side: as coarse as the last features of a network for 224 pixels."""

SQUARES = 48

_STEPS_OF_FLIPPING = 10


def replacements_of(bench: Bench) -> dict[str, tuple[str, ...]]:
    """Return which maps are judged under each replacement, the leading one first."""
    others = () if bench.effort.name == "quick" else OTHERS
    beside = dict.fromkeys(others, (EXPLANATION, RIVAL))
    return {REPLACEMENT: (EXPLANATION, *RIVALS), **beside}


def judging_passes(bench: Bench, found: Explainable, n: int) -> int:
    """Return what it costs to judge n items, in forward passes, whichever method explains."""
    within = 2 * sum(0 < fraction < 1 for fraction in FRACTIONS)
    removals = sum(within * len(maps) + 2 for maps in replacements_of(bench).values())
    return n * (found.mean_passes + removals + SQUARES + 1)


def judged_table(
    bench: Bench, found: Explainable, method: str, rows: np.ndarray, targets: np.ndarray
) -> Predictions:
    """Return what becomes of each answer as the places that a map ranks highest are removed, or left.

    Parameters
    ----------
    bench : Bench
    found : Explainable
    method : str
        Which explains.
    rows, targets : int64 arrays (n,)
        Items of the bench's data, and the classes that are explained.
    """
    columns = {
        **{
            f"{name}.{replacement}.{figure}": np.full(len(rows), np.nan)
            for replacement, maps in replacements_of(bench).items()
            for name in maps
            for figure in FIGURES
        },
        **{f"{name}.infidelity": np.full(len(rows), np.nan) for name in (EXPLANATION, *RIVALS)},
    }
    explain = explainer(method, found.layer)
    for part, pixels in bench.batches(rows, "faithfulness of the explanation"):
        places, seeds = np.searchsorted(rows, part), bench.seeds(part)
        of_part = seeds.new_tensor(targets[places])
        maps = {
            EXPLANATION: maps_of(explain, bench.network, pixels, of_part, seeds),
            RIVAL: random_maps(pixels, seeds, CELLS),
            "random_pixels": random_maps(pixels, seeds),
            "edges": sobel_maps(pixels),
        }
        for name, values in _figures(bench, maps, pixels, of_part, seeds).items():
            columns[name][places] = values
    return Predictions(bench.ids(rows), columns)


def _figures(
    bench: Bench, maps: Mapping[str, Tensor], images: Tensor, targets: Tensor, seeds: Tensor
) -> dict[str, np.ndarray]:
    columns, at_once = {}, bench.inference.batch_size
    for replacement, names in replacements_of(bench).items():
        curves = removal_curves(
            bench.inference, images, targets, [maps[name] for name in names], seeds,
            replacements.get(replacement), FRACTIONS, at_once,
        )  # fmt: skip
        for name, (deleted, inserted) in zip(names, curves, strict=True):
            for figure, values in figures_of(deleted, inserted).items():
                columns[f"{name}.{replacement}.{figure}"] = values.numpy()
    removals = square_removals(
        bench.inference, images, targets, seeds, replacements.get(REPLACEMENT), SQUARES, at_once
    )
    for name, one in maps.items():
        columns[f"{name}.infidelity"] = infidelity(removals, one).numpy()
    return columns


def figures_of(deleted: RemovalCurve, inserted: RemovalCurve) -> dict[str, Tensor]:
    """Return every figure that is read from the two curves: float64 tensors (n,)."""
    return {
        "insertion": inserted.area(),
        "deletion": deleted.area(),
        "comprehensiveness": comprehensiveness(deleted),
        "sufficiency": sufficiency(inserted),
        "pixel_flipping": aopc(at_equal_steps(deleted, _STEPS_OF_FLIPPING)),
    }
