"""What training items did to single answers, through the last layer alone.

By the influence function with the exact Hessian where that takes seconds, and by TracIn where it would
take more. Both see the features as given.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import softmax

from finetrust.trust.interpretability.examples.head_gradients import HeadGradients
from finetrust.trust.interpretability.examples.influence import influence, self_influence
from finetrust.trust.interpretability.examples.softmax_curvature import is_exact
from finetrust.trust.interpretability.examples.softmax_head import SoftmaxHead, fit_softmax_head
from finetrust.trust.interpretability.examples.tracin import tracin, tracin_self_influence

L2 = 1e-3
"""Of the head that is fitted, on features with a standard deviation of 1. On CIFAR-10 1e-4 to 1e-2 rank
wrong labels alike."""

MOST_WORK = 2 * 10**10
"""Operations up to which the Hessian is written out and factorised, as the fit does some ten times."""

Way = Literal["influence function", "TracIn"]


@dataclass(frozen=True, eq=False)
class HeadInfluence:
    """The influence of training items on answers, and on themselves.

    The influence function is that of a head fitted anew to these features and labels, since it holds
    at a minimum alone. TracIn reads the answers of the model's own head.

    Parameters
    ----------
    features : float array (n, d)
        Of the training items; finite.
    labels : int64 array (n,)
    logits : float array (n, classes)
        Of the model, for the training items; finite.
    """

    features: np.ndarray
    labels: np.ndarray
    logits: np.ndarray

    @property
    def way(self) -> Way:
        """How it is computed."""
        n, d = self.features.shape
        classes = self.logits.shape[1]
        weights = (d + 1) * classes
        work = n * weights**2 / 2 + weights**3 / 3
        exact = is_exact(d, classes) and work <= MOST_WORK
        return "influence function" if exact else "TracIn"

    def on(self, features: np.ndarray, logits: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Return by how much each training item spoke for each answer: float64 array (m, n).

        By the influence function in nats, the rise of the answer's loss if the item is left out; by
        TracIn in a unit of its own. Negative where the item spoke against the answer.

        Parameters
        ----------
        features : float array (m, d)
        logits : float array (m, classes)
        answers : int array (m,)
        """
        asked = self._scaled(features)
        if self.way == "influence function":
            return influence(self._head, self._inputs, self.labels, asked, answers)
        return tracin([_gradients(asked, logits, answers)], [self._own_gradients])

    @cached_property
    def own(self) -> np.ndarray:
        """By how much each training item spoke for its own label: float64 array (n,)."""
        if self.way == "influence function":
            return self_influence(self._head, self._inputs, self.labels)
        return tracin_self_influence([self._own_gradients])

    @cached_property
    def says(self) -> np.ndarray:
        """What the head answers for each training item: int64 array (n,)."""
        if self.way == "influence function":
            return (self._inputs @ self._head.weights + self._head.bias).argmax(axis=1)
        return self.logits.argmax(axis=1)

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        centre, spread = self._scale
        return ((features - centre) / spread).astype(np.float32)

    @cached_property
    def _scale(self) -> tuple[np.ndarray, np.ndarray]:
        spread = self.features.std(axis=0, dtype=np.float64)
        return self.features.mean(axis=0, dtype=np.float64), np.where(spread > 0, spread, 1)

    @cached_property
    def _inputs(self) -> np.ndarray:
        return self._scaled(self.features)

    @cached_property
    def _head(self) -> SoftmaxHead:
        return fit_softmax_head(self._inputs, self.labels, self.logits.shape[1], L2)

    @cached_property
    def _own_gradients(self) -> HeadGradients:
        return _gradients(self._inputs, self.logits, self.labels)


def _gradients(features: np.ndarray, logits: np.ndarray, labels: np.ndarray) -> HeadGradients:
    """Return the gradients of a linear head whose outputs are the given logits."""
    residuals = softmax(logits.astype(np.float64), axis=1)
    residuals[np.arange(len(labels)), labels] -= 1
    return HeadGradients(features, residuals)
