"""The plain model beside a network that tags words: logistic regression on character n-grams.

TF-IDF of the n-grams of a word and of its two neighbours; Salton & Buckley, "Term-weighting approaches
in automatic text retrieval", 1988.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.atomic import replacing_folder, write_json
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.text_preprocessing import words_of
from finetrust.tasks.token_answers import tag_predictions

MOST_WORDS = 200_000
"""Of more words a random part is learned from."""

_NGRAMS = (1, 4)
_FEWEST = 2
_MOST_NGRAMS = 30_000
_INVERSE_PENALTY = 100.0
_STEPS = 100
_NEVER = -30.0
_ABSENT = ""
_NAMES, _NUMBERS = "ngrams.json", "weights.safetensors"


class TokenBaseline:
    """A fitted plain model.

    Parameters
    ----------
    ngrams : list of str
    idf : float array (ngrams,)
    weights : float array (tags, 3 * ngrams)
        For the n-grams of the word, of the one before and of the one after it.
    bias : float array (tags,)
        Very low for a tag without training words.
    """

    def __init__(
        self, ngrams: list[str], idf: np.ndarray, weights: np.ndarray, bias: np.ndarray
    ) -> None:
        self.ngrams, self.idf, self.weights, self.bias = ngrams, idf, weights, bias
        self._vectorizer = _vectorizer(ngrams)
        self._vectorizer.idf_ = idf

    @classmethod
    def fit(cls, train: Dataset) -> "TokenBaseline | None":
        """Return a model fitted to the training data, or None where only one tag occurs."""
        rows = _some_rows(train)
        texts = [words_of(train.inputs[row]) for row in rows]
        tags = np.concatenate([np.zeros(0, np.int64), *(train.targets[row] for row in rows)])
        if len(np.unique(tags)) < 2:
            return None
        vectorizer = _vectorizer(None)
        try:
            vectorizer.fit([word for text in texts for word in text])
        except ValueError:  # no n-gram occurs twice
            return None
        ngrams = vectorizer.get_feature_names_out().tolist()
        model = _fitted(_features(vectorizer, texts), tags)
        weights = np.zeros((len(train.classes), 3 * len(ngrams)))
        bias = np.full(len(train.classes), _NEVER)
        # Of two classes there is one row, for the second.
        own = len(model.classes_) if len(model.coef_) > 1 else 1
        weights[model.classes_[-own:]], bias[model.classes_[-own:]] = model.coef_, model.intercept_
        if own == 1:
            bias[model.classes_[0]] = 0.0
        return cls(ngrams, vectorizer.idf_, weights, bias)

    def predictions(self, dataset: Dataset) -> Predictions:
        """Return its scores in the columns of the predictions of the task."""
        texts = [words_of(dataset.inputs[row]) for row in range(len(dataset))]
        scores = _features(self._vectorizer, texts) @ self.weights.T + self.bias
        ends = np.cumsum([len(text) for text in texts])
        return tag_predictions(dataset, np.split(scores, ends[:-1]))

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
    def load(cls, folder: Path) -> "TokenBaseline | None":
        """Return what :meth:`save` wrote; None if there is nothing.

        Raises
        ------
        UserError
            If the files are broken.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not folder.exists():
            return None
        try:
            ngrams = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
            numbers = load_file(folder / _NUMBERS)
            return cls(ngrams, numbers["idf"], numbers["weights"], numbers["bias"])
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise UserError(
                f"{folder}: cannot be read as a plain model ({error})",
                "Restore the folder, or delete it to go without.",
            ) from error


def _some_rows(train: Dataset) -> np.ndarray:
    """Return the rows to learn from, in their order."""
    lengths = np.array([len(tags) for tags in train.targets])
    order = np.random.default_rng(0).permutation(len(lengths))
    return np.sort(order[np.cumsum(lengths[order]) <= max(MOST_WORDS, lengths.max(initial=0))])


def _vectorizer(ngrams: list[str] | None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer="char_wb",
        lowercase=False,
        ngram_range=_NGRAMS,
        sublinear_tf=True,
        min_df=1 if ngrams else _FEWEST,
        max_features=None if ngrams else _MOST_NGRAMS,
        vocabulary=ngrams,
    )


def _fitted(values: Any, tags: np.ndarray) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for a plain model
        return LogisticRegression(C=_INVERSE_PENALTY, max_iter=_STEPS).fit(values, tags)


def _features(vectorizer: Any, texts: Sequence[Sequence[str]]) -> Any:
    """Return TF-IDF of each word and of its neighbours: sparse (words, 3 * ngrams)."""
    from scipy.sparse import hstack

    here = [word for text in texts for word in text]
    before = [word for text in texts if text for word in (_ABSENT, *text[:-1])]
    after = [word for text in texts if text for word in (*text[1:], _ABSENT)]
    known, at = np.unique([*here, *before, *after], return_inverse=True)
    rows = vectorizer.transform(known.tolist())
    parts = np.split(at, 3)
    return hstack([rows[part] for part in parts], format="csr")
