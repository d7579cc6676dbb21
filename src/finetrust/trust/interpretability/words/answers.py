"""Which answers about texts are explained: the class of a text, or the tag of a word in it."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.data.texts.entity_confidence import entity_confidence
from finetrust.data.texts.tag_scheme import entities, scheme_of
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.trust.accuracy.probabilities import has_answer
from finetrust.trust.accuracy.tokens.tag_probabilities import confidence_of_tags
from finetrust.trust.interpretability.words.hidden_words import Hiding
from finetrust.trust.interpretability.words.scores import (
    Score,
    log_odds_of_class,
    log_odds_of_tag,
)
from finetrust.trust.trials.bench import Bench


class Answers(Protocol):
    """What a network on texts answers, and how its answers are explained."""

    @property
    def score(self) -> Score:
        """What of the outputs is explained."""
        ...

    @property
    def ways(self) -> tuple[Hiding, ...]:
        """How words are hidden, the leading way first."""
        ...

    def targets(
        self, table: Predictions, classes: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of a table about which there is an answer, and the answers.

        Returns
        -------
        int64 array (n,)
        int64 array (n, ...)
            What `score` takes.
        """
        ...

    def logits(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits (m, classes) of what each target is of, and which class it is (m,)."""
        ...


class ClassAnswers:
    """One class for each text: the one that was answered."""

    score = staticmethod(log_odds_of_class)
    ways: tuple[Hiding, ...] = ("removed", "mask")

    def targets(
        self, table: Predictions, classes: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(has_answer(table["logits"]))
        return rows, table["logits"][rows].argmax(axis=1).astype(np.int64)

    def logits(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return outputs, targets


class TagAnswers:
    """The tag of the first word of an entity: of each text the most confident entity that was found.

    Words are masked and not removed: the word that has the tag must keep its place.
    """

    score = staticmethod(log_odds_of_tag)
    ways: tuple[Hiding, ...] = ("mask",)

    def targets(
        self, table: Predictions, classes: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        tags, logits = table["pred_tags"], table["tag_logits"]
        found = entities(tags, scheme_of(classes))
        finite = np.array([np.isfinite(row).all() for row in logits], bool)
        confidence = entity_confidence(found, [confidence_of_tags(row, 1.0) for row in logits])
        rows, targets = [], []
        for at in np.argsort(-confidence, kind="stable").tolist():
            row, start = int(found.row[at]), int(found.start[at])
            if finite[row] and row not in rows:
                rows.append(row)
                targets.append((start, int(tags[row][start])))
        order = np.argsort(rows)
        return (
            np.array(rows, np.int64)[order],
            np.array(targets, np.int64).reshape(-1, 2)[order],
        )

    def logits(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        rows = torch.arange(len(outputs), device=outputs.device)
        return outputs[rows, targets[:, 0]], targets[:, 1]


def answers_of(bench: Bench) -> Answers:
    """Return what the network of a bench answers about texts.

    Raises
    ------
    NotApplicable
        If its inputs are no texts, or it answers something else.
    """
    preprocessing = bench.network.preprocessing
    if not isinstance(preprocessing, TextPreprocessing):
        raise NotApplicable("the inputs are not texts")
    if preprocessing.words and "tag_logits" in bench.clean:
        return TagAnswers()
    bench.require_rows_of_logits()
    return ClassAnswers()
