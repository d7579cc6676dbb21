"""A score of how unusual an input is to a classifier: larger is more unusual, for every score here.

Scores read what the network yields, features and logits, and never the input itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.core.registry import Registry
from finetrust.models.inference import Inference

State = Mapping[str, np.ndarray]
"""What was fitted: arrays by name, float32 so that they are the same when read from disk."""

Unusualness = Mapping[str, np.ndarray]
"""By the name of a score how unusual each item is: float64 arrays (n,), larger is more so."""

WIDEST = 4096
"""Features with more numbers than that have no covariance matrix that is worth its memory."""


@dataclass(frozen=True, eq=False)
class Head:
    """The last part of a classifier.

    Parameters
    ----------
    logits : callable
        From features (n, d) to logits (n, classes), float arrays.
    weight : float array (classes, d) or None
        Of the linear layer that it is; None if it is something else.
    bias : float array (classes,) or None
        None with the weight.
    """

    logits: Callable[[np.ndarray], np.ndarray]
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None

    @classmethod
    def linear(cls, weight: np.ndarray, bias: np.ndarray) -> "Head":
        """Return the head ``features @ weight.T + bias``."""
        return cls(lambda features: features @ weight.T + bias, weight, bias)

    @classmethod
    def of(cls, inference: Inference) -> "Head":
        """Return the head of a network that is prepared for inference."""

        def logits(features: np.ndarray) -> np.ndarray:
            rows = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
            found = inference.outputs(rows)
            assert isinstance(found, Tensor)
            return found.float().cpu().numpy()

        layer = inference.head
        if not isinstance(layer, nn.Linear):
            return cls(logits)
        bias = torch.zeros(layer.out_features) if layer.bias is None else layer.bias
        return cls(logits, *(t.detach().double().cpu().numpy() for t in (layer.weight, bias)))


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network yields for some inputs.

    Parameters
    ----------
    features : float array (n, d)
        What the head reads.
    logits : float array (n, classes)
    """

    features: np.ndarray
    logits: np.ndarray

    def __len__(self) -> int:
        return len(self.logits)

    def take(self, rows: np.ndarray) -> "Seen":
        """Return the items at `rows` (int or bool array)."""
        return Seen(self.features[rows], self.logits[rows])

    @property
    def finite(self) -> np.ndarray:
        """Which items have only finite numbers: bool array (n,)."""
        return np.isfinite(self.features).all(axis=1) & np.isfinite(self.logits).all(axis=1)


@dataclass(frozen=True)
class Score:
    """One way to tell the unusual from the familiar.

    Parameters
    ----------
    unusualness : callable
        From what was fitted, finite items and the head to float64 (n,); larger is more unusual.
    fit : callable, optional
        From finite familiar items, their classes (int64 (n,)) and the head to a state. Raises
        :class:`~finetrust.core.errors.NotApplicable` where it cannot be fitted. None where there is
        nothing to fit.
    """

    unusualness: Callable[[State, Seen, Head], np.ndarray]
    fit: Callable[[Seen, np.ndarray, Head], State] | None = None


scores: Registry[Score] = Registry("OOD score", "finetrust.trust.stability.ood.scores")


def unusualness(name: str, state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return how unusual each item is by the score `name`: float64 array (n,), larger is more so.

    An item for which the network yields NaN or infinity is the most unusual there is: infinity.

    Parameters
    ----------
    name : str
    state : mapping of str to array
        What the score's ``fit`` has returned; empty where it has none.
    seen : Seen
    head : Head
    """
    found = np.full(len(seen), np.inf)
    finite = seen.finite
    if finite.any():
        with np.errstate(over="ignore"):
            values = scores.get(name).unusualness(state, seen.take(finite), head)
        found[finite] = np.where(np.isnan(values), np.inf, values)
    return found
