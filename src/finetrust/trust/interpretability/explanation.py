"""Explanations: what shows single decisions with what spoke for them; one file per way to show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.trust.trials.bench import Bench


@dataclass(frozen=True)
class Decisions:
    """What explanations are made of.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    predictions : Predictions
        On the untouched items of `dataset`, in their order.
    classes : sequence of str
    calibration : mapping
        What was fitted on validation data.
    count : int
        How many cases of each kind to show at most.
    seed : int
    folder : Path
        Where pictures are written; replaced whole, not there while it is written.
    bench : Bench, optional
        With the tables of the trials that were held, and the training items where they are known.
    """

    network: Network
    dataset: Dataset
    predictions: Predictions
    classes: Sequence[str]
    calibration: Mapping[str, Any]
    count: int
    seed: int
    folder: Path
    bench: Bench | None = None


Explain = Callable[[Decisions], tuple[Mapping[str, Any], ...]]
"""From decisions to pictures; raises NotApplicable where the network has none to give.

A picture is a mapping with ``id``, ``kind`` (for example ``"confident error"``) and ``caption`` (one
plain sentence), and either ``file`` and ``overlay`` (names inside the folder) or ``tokens`` (pairs of
text and weight in [-1, 1], positive where it spoke for the answer).
"""

explanations: Registry[Explain] = Registry("explanation", "finetrust.trust.interpretability")
