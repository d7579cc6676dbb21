"""Corrupted texts: every text is corrupted when it is read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Inputs
from finetrust.trust.stability.perturbers.perturber import perturbers
from finetrust.trust.stability.text_corruptions.catalogue import (
    SEVERITIES,
    TextCorruption,
    text_corruptions,
)
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.item_seeds import item_seeds


class CorruptedTexts:
    """Texts that are corrupted whenever one is read, always alike.

    Parameters
    ----------
    inputs : Inputs
    corruption : TextCorruption
    severity : int
    seeds : int64 array (n,)
    """

    def __init__(
        self, inputs: Inputs, corruption: TextCorruption, severity: int, seeds: np.ndarray
    ) -> None:
        self._inputs, self._corruption = inputs, corruption
        self._severity, self._seeds = severity, seeds

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index: int) -> Any:
        seed = int(self._seeds[index])
        return self._corruption(self._inputs[index], self._severity, seed)

    def content(self, index: int) -> bytes:
        return repr(self[index]).encode("utf-8", "surrogatepass")

    def location(self, index: int) -> Path | None:
        return None


class TextPerturber:
    """Typos, casing, punctuation and whitespace."""

    severities = SEVERITIES

    def names(self, effort: EffortName) -> tuple[str, ...]:
        return ("typos", "casing", "punctuation", "whitespace")

    def default_severities(self, effort: EffortName) -> tuple[int, ...]:
        return SEVERITIES

    def check(self, names: Sequence[str]) -> None:
        for name in names:
            text_corruptions.get(name)

    def predictions(self, bench: Bench, rows: np.ndarray, name: str, severity: int) -> Predictions:
        dataset = bench.dataset.take(rows)
        seeds = item_seeds(dataset.ids, bench.seed).numpy()
        texts = CorruptedTexts(dataset.inputs, text_corruptions.get(name), severity, seeds)
        corrupted = replace(bench, dataset=replace(dataset, inputs=texts, digests=()))
        return corrupted.answers(np.arange(len(dataset)), f"{name}-{severity}")


perturbers.add("text", TextPerturber())
