"""The plain model beside a network that classifies texts: TF-IDF with logistic regression.

Salton & Buckley, "Term-weighting approaches in automatic text retrieval", 1988; Wang & Manning,
"Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", ACL 2012.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.core.atomic import replacing_folder, write_json
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_kind import joined_text
from finetrust.tasks.class_targets import class_predictions
from finetrust.tasks.label_targets import label_predictions

MOST_TEXTS = 50_000
"""Of more texts a random part is learned from."""

_NGRAMS = (1, 2)
_MOST_NGRAMS = 50_000
_INVERSE_PENALTY = 10.0
_STEPS = 200
_NEVER = -30.0
# Chinese, Japanese and Korean are written without spaces: every character counts as a word.
_TOKEN = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[^\w\s]"
_NAMES, _NUMBERS = "ngrams.json", "weights.safetensors"

AsPredictions = Callable[[Dataset, Tensor], Predictions]


class TextBaseline:
    """Logistic regression on TF-IDF of words and pairs of words.

    Parameters
    ----------
    ngrams : list of str (v,)
    idf : float array (v,)
    weights : float array (outputs, v)
    bias : float array (outputs,)
    as_predictions : callable
        Puts outputs (n, outputs) into the columns that the task's own predictions have.
    """

    def __init__(
        self,
        ngrams: list[str],
        idf: np.ndarray,
        weights: np.ndarray,
        bias: np.ndarray,
        as_predictions: AsPredictions,
    ) -> None:
        self.ngrams, self.idf, self.weights, self.bias = ngrams, idf, weights, bias
        self._as_predictions = as_predictions

    @classmethod
    def of_classes(cls, train: Dataset) -> "TextBaseline | None":
        """Return it fitted to targets (n,); None where fewer than two classes occur."""
        rows = _some_rows(train)
        targets = train.targets[rows]
        present = np.unique(targets)
        if len(present) < 2:
            return None
        ngrams, idf, values = _counted(train, rows)
        fitted = _fitted(values, targets)
        weights = np.zeros((len(train.classes), len(ngrams)))
        bias = np.full(len(train.classes), _NEVER)
        if len(present) == 2:
            weights[present[1]], bias[present[1]] = fitted.coef_[0], fitted.intercept_[0]
            bias[present[0]] = 0.0
        else:
            weights[present], bias[present] = fitted.coef_, fitted.intercept_
        return cls(ngrams, idf, weights, bias, class_predictions)

    @classmethod
    def of_labels(cls, train: Dataset) -> "TextBaseline":
        """Return it fitted to multi-hot targets (n, labels), each label by itself."""
        rows = _some_rows(train)
        ngrams, idf, values = _counted(train, rows)
        weights = np.zeros((len(train.classes), len(ngrams)))
        bias = np.zeros(len(train.classes))
        for label, targets in enumerate(train.targets[rows].T > 0.5):
            if targets.all() or not targets.any():
                bias[label] = -_NEVER if targets.all() else _NEVER
                continue
            fitted = _fitted(values, targets)
            weights[label], bias[label] = fitted.coef_[0], fitted.intercept_[0]
        return cls(ngrams, idf, weights, bias, label_predictions)

    def predictions(self, dataset: Dataset) -> Predictions:
        """Return its outputs for all texts."""
        vectorizer = _vectorizer(self.ngrams)
        vectorizer.idf_ = self.idf
        values = vectorizer.transform(_texts(dataset, np.arange(len(dataset))))
        outputs = np.asarray(values @ self.weights.T) + self.bias
        return self._as_predictions(dataset, torch.from_numpy(outputs))

    def save(self, folder: Path) -> None:
        """Write the n-grams as JSON and the numbers as safetensors."""
        from safetensors.numpy import save_file

        numbers = {"idf": self.idf, "weights": self.weights, "bias": self.bias}
        with replacing_folder(folder) as temporary:
            write_json(temporary / _NAMES, self.ngrams)
            save_file(
                {name: np.ascontiguousarray(v, np.float32) for name, v in numbers.items()},
                temporary / _NUMBERS,
            )

    @classmethod
    def load(cls, folder: Path, as_predictions: AsPredictions) -> "TextBaseline | None":
        """Return what :meth:`save` wrote; None if there is nothing.

        Raises
        ------
        UserError
            If the files are broken.
        """
        import json

        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not folder.exists():
            return None
        try:
            ngrams = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
            numbers = load_file(folder / _NUMBERS)
            return cls(ngrams, numbers["idf"], numbers["weights"], numbers["bias"], as_predictions)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise UserError(
                f"{folder}: cannot be read as a plain model ({error})",
                "Restore the folder, or delete it to go without.",
            ) from error


def _some_rows(train: Dataset) -> np.ndarray:
    n = len(train)
    if n <= MOST_TEXTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MOST_TEXTS, replace=False))


def _texts(dataset: Dataset, rows: np.ndarray) -> list[str]:
    return [joined_text(dataset.inputs[int(row)]) for row in rows]


def _counted(train: Dataset, rows: np.ndarray) -> tuple[list[str], np.ndarray, Any]:
    """Return the n-grams, their IDF and the TF-IDF values (n, ngrams)."""
    vectorizer = _vectorizer(None)
    values = vectorizer.fit_transform(_texts(train, rows))
    return vectorizer.get_feature_names_out().tolist(), vectorizer.idf_, values


def _vectorizer(ngrams: list[str] | None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=_NGRAMS,
        token_pattern=_TOKEN,
        sublinear_tf=True,
        max_features=None if ngrams else _MOST_NGRAMS,
        vocabulary=ngrams,
        dtype=np.float64,
    )


def _fitted(values: Any, targets: np.ndarray) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for a plain model
        return LogisticRegression(C=_INVERSE_PENALTY, max_iter=_STEPS).fit(values, targets)
