"""finetrust.demo: the whole job on data and a pretrained model that come with it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from finetrust.api.report import report
from finetrust.api.run import Run
from finetrust.api.tune import tune
from finetrust.core.progress import quietly, say
from finetrust.data.dataset import Dataset
from finetrust.data.source import DataOptions, open_dataset

LABELLED_PER_CLASS = 5
PROBE_EPOCHS, FULL_EPOCHS = 20, 10


def demo(out: str | Path = "runs/demo", *, quiet: bool = False) -> Run:
    """Fine-tune the bundled network on a few handwritten digits, and judge it on all the others.

    The network was pretrained on printed letters and symbols. Beside it the same network is trained
    from random weights on the same images for the same number of epochs; the report shows both.

    Parameters
    ----------
    out : str or Path
        Folder for the two runs; a demo that was cut off goes on.
    quiet : bool
        Show nothing.

    Returns
    -------
    Run
        The pretrained network's, with profile and report.
    """
    folder = Path(out)
    with quietly(quiet):
        digits = few_labelled_digits()
        say("Fine-tuning a network that was pretrained on printed letters ...")
        pretrained = tune(
            "glyphnet",
            digits,
            strategy="lp-ft",
            epochs=FULL_EPOCHS,
            augment="crop",
            out=str(folder / "pretrained"),
            resume=True,
            quiet=quiet,
        )
        say("Training the same network from scratch ...")
        scratch = tune(
            "glyphnet",
            digits,
            weights="random",
            strategy="full",
            epochs=PROBE_EPOCHS + FULL_EPOCHS,
            augment="crop",
            out=str(folder / "scratch"),
            resume=True,
            quiet=quiet,
        )
        say("Proving how far both can be trusted ...")
        for run in (pretrained, scratch):
            run.evaluate(digits, quiet=quiet)
        report(pretrained, beside=[scratch])
    return pretrained


def few_labelled_digits() -> Dataset:
    """Return scikit-learn's digits: five a class to train on, five to validate on, the rest to test."""
    digits = open_dataset("digits", DataOptions())
    by_content = sorted(
        range(len(digits)), key=lambda i: hashlib.sha256(digits.inputs.content(i)).digest()
    )
    splits = np.full(len(digits), "test", dtype="<U5")
    for label in range(len(digits.classes)):
        rows = [row for row in by_content if digits.targets[row] == label]
        splits[rows[:LABELLED_PER_CLASS]] = "train"
        splits[rows[LABELLED_PER_CLASS : 2 * LABELLED_PER_CLASS]] = "val"
    name = f"handwritten digits, {LABELLED_PER_CLASS} labelled images a class"
    return replace(digits, splits=splits, name=name)
