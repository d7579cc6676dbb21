"""A classifier whose inputs are its probabilities, as MAPIE takes it."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class GivenProbabilities(ClassifierMixin, BaseEstimator):
    """Returns the probabilities (n, classes) that it is given."""

    def __init__(self, classes: int = 4) -> None:
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, x: Any, y: Any) -> "GivenProbabilities":
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return x

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x.argmax(axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True
