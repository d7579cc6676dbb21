"""A variant: the same network, computed in another way."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.core.progress import track
from finetrust.core.registry import Registry
from finetrust.models.reason import reason
from finetrust.models.tree import Tree, mapped, to_device
from finetrust.models.unit_interval import in_unit_interval
from finetrust.tasks.predicted import in_order
from finetrust.trust.trials.bench import Bench

Answer = Callable[[Tree], Tree]
"""A batch of inputs, on the device of the network, to the outputs."""

Ask = Callable[[Bench, np.ndarray], Predictions]


def _none() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Variant:
    """One way to compute the network.

    Parameters
    ----------
    ask : callable
        Returns the predictions for the items at some rows; raises NotApplicable where it cannot.
    passes : int
        How often each item goes through the network.
    settings : callable
        Returns what the outputs depend on besides the network and the inputs, as JSON values.
    """

    ask: Ask
    passes: int
    settings: Callable[[], Mapping[str, Any]]


variants: Registry[Variant] = Registry(
    "numerical variant", "finetrust.trust.stability.numerics.variants"
)


def variant(
    name: str, *, passes: int = 1, settings: Callable[[], Mapping[str, Any]] = _none
) -> Callable[[Ask], Ask]:
    """Register the decorated function as a variant; see :class:`Variant`."""

    def decorate(ask: Ask) -> Ask:
        variants.add(name, Variant(ask, passes, settings))
        return ask

    return decorate


def asked(bench: Bench, rows: np.ndarray, label: str, answer: Answer) -> Predictions:
    """Return what `answer` says about the items at `rows`, in the batches that all trials use."""
    parts, order = [], []
    for part, inputs in bench.batches(rows, label):
        with torch.inference_mode():
            parts.append(bench.predictions(part, answer(inputs)))
        order.append(np.searchsorted(rows, part))
    return in_order(parts, order)


def asked_one_by_one(bench: Bench, rows: np.ndarray, label: str, answer: Answer) -> Predictions:
    """Return what `answer` says about the items at `rows`, each read and asked about by itself."""
    preprocessing = bench.network.preprocessing
    prepare, parts = preprocessing.transform(), []
    for row in track(rows, label):
        inputs = preprocessing.collate([prepare(bench.dataset.inputs[int(row)])])
        with torch.inference_mode():
            outputs = answer(to_device(mapped(in_unit_interval, inputs), bench.network.device))
        parts.append(bench.predictions(np.array([row]), outputs))
    return Predictions.joined(parts)


@contextmanager
def unless_it_fails(what: str) -> Iterator[None]:
    """Turn whatever another library raises into NotApplicable, with its own words as the cause."""
    try:
        yield
    except Exception as error:
        raise NotApplicable(f"{what} ({reason(error)})") from error
