"""The trial of randomized smoothing: one step for each strength of the noise."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import Task
from finetrust.trust.stability.smoothing.certify import ALPHA, certify, sample_under_noise
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL = "smoothing"
SIGMA = 0.25
"""The least of the published strengths: the smoothed network stays useful, and radii reach 0.8."""

GUESSES = 100
DRAWS: Mapping[str, int] = {"quick": 1_000, "standard": 1_000, "full": 10_000}
"""Noisy copies by which a radius is bounded. The largest radius at alpha = 0.001 that so many can
certify is 2.5 and 3.2 times sigma; the 100,000 of the paper would reach 3.8."""


class Smoothing:
    """A promise without any attack: within a radius the answer of the smoothed network holds."""

    title = "Certified robustness"
    efforts: tuple[EffortName, ...] = ("full",)
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        """There is nothing to choose."""

    def plan(self, bench: Bench) -> Sequence[Step]:
        bench.require_rows_of_logits()
        bench.require_pixels()
        rows = bench.sample(costly=True)
        draws = DRAWS[bench.effort.name]
        settings = {"sigma": SIGMA, "guesses": GUESSES, "draws": draws, "alpha": ALPHA}
        run = partial(_table, bench, rows, draws)
        return [
            Step(f"sigma-{SIGMA:g}", run, settings, forward=len(rows) * (GUESSES + draws)),
        ]


def _table(bench: Bench, rows: np.ndarray, draws: int) -> Predictions:
    classes = bench.clean["logits"].shape[1]
    guesses, counts = (np.zeros((len(rows), classes), np.int64) for _ in range(2))
    for batch, pixels in bench.batches(rows, f"noise of {SIGMA:g}"):
        # One image at a time, for its copies alone fill the passes of the network.
        for row, image, seed in zip(batch, pixels, bench.seeds(batch), strict=True):
            place = np.searchsorted(rows, row)
            for tally, copies in (
                (guesses, range(GUESSES)), (counts, range(GUESSES, GUESSES + draws)),
            ):  # fmt: skip
                tally[place] = sample_under_noise(
                    bench.inference, image[None], seed[None], SIGMA, copies, classes,
                    bench.inference.batch_size,
                )[0]  # fmt: skip
    found = certify(guesses, counts, draws, SIGMA)
    target = bench.clean["target"][rows].astype(np.int64)
    facts = {"sigma": SIGMA, "alpha": ALPHA, "draws": draws}
    constants = {name: np.full(len(rows), value) for name, value in facts.items()}
    ids = bench.ids(rows)
    columns = {"target": target, **vars(found), **constants}
    return Predictions(ids, columns, bench.clean.split, f"{TRIAL} {SIGMA:g}")


trials.add(TRIAL, Smoothing())
