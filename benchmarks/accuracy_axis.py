"""The time and memory of the whole accuracy axis on many predictions.

Makes predictions of a classifier that is right about four times in five and a little overconfident, with
validation predictions, class counts of training data and one subgroup column. Then measures every
measure by itself, in the order of their names (what several share is computed by the first), and all
of them from the start as ``evaluate`` does. Seconds of the clock, and of all processor cores together.

    python benchmarks/accuracy_axis.py [--n 1000000] [--classes 100]

Prints Markdown.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.core.predictions import Predictions
from finetrust.trust.measure_all import measure_all

TOPICS = ("right", "groups", "calibration", "selective", "conformal", "test")
VALIDATION = 20_000
SITES = np.array(["north", "east", "south", "west"])
SHARPNESS, TEMPERATURE = 4.0, 1.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="predictions")
    parser.add_argument("--classes", type=int, default=100)
    options = parser.parse_args()
    evidence = made(options.n, options.classes)
    right = (evidence.clean["logits"].argmax(axis=1) == evidence.clean["target"]).mean()
    print(
        f"{options.n:,} predictions of {options.classes} classes, {right:.0%} right, "
        f"{os.cpu_count()} processor cores; {peak():.2f} GB before the first measure\n"
    )
    print("| measure | topic | seconds | processor seconds |\n|---|---|---|---|")
    for name, definition in measures.items():
        if definition.topic in TOPICS:
            try:
                wall, cpu = timed(lambda of=definition.estimate: list(of(evidence)))
            except (NotApplicable, KeyError):  # of another kind of task, too
                continue
            print(f"| {name} | {definition.topic} | {wall:.2f} | {cpu:.2f} |", flush=True)
    whole = replace(evidence)
    found: list = []
    wall, cpu = timed(lambda: found.extend(measure_all(whole)))
    applied = sum(m.applies for m in found)
    print(f"| **all together ({applied:,} figures)** | | **{wall:.1f}** | **{cpu:.1f}** |")
    print(f"\nPeak memory {peak():.2f} GB.")


def made(n: int, classes: int) -> Evidence:
    """Return evidence with everything but perturbed inputs."""
    rng = np.random.default_rng(0)
    clean = predictions(n, classes, rng, "test")
    return Evidence(
        clean=clean,
        classes=tuple(f"class {c}" for c in range(classes)),
        calibration={"temperature": TEMPERATURE, "n": VALIDATION},
        validation=predictions(VALIDATION, classes, rng, "val"),
        groups={"site": SITES[rng.integers(0, len(SITES), n)]},
        protected=("site",),
        data={"n_train": 50 * classes, "train_class_counts": [50] * classes},
    )


def predictions(n: int, classes: int, rng: np.random.Generator, split: str) -> Predictions:
    """Return a table of float32 logits and targets."""
    target = rng.integers(0, classes, n)
    logits = rng.standard_normal((n, classes), dtype=np.float32)
    logits[np.arange(n), target] += np.float32(SHARPNESS * (np.log(classes) / np.log(100)) ** 0.5)
    # Half of what separates the classes is missing in every fifth item.
    hard = np.flatnonzero(rng.random(n) < 0.2)
    logits[hard, target[hard]] -= SHARPNESS / 2
    logits *= np.float32(2.0)
    ids = np.arange(n).astype(str)
    return Predictions(ids, {"target": target, "logits": logits}, split)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the clock and of the processor that `work` takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak() -> float:
    """Return the largest memory that the process has held, in GB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


if __name__ == "__main__":
    main()
