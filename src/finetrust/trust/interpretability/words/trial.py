"""The trial of explanations of text classifiers: which method explains, and how faithful it is."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.data.texts.text_kind import TEXTS
from finetrust.models.features import InOrder
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.faithfulness.choosing import choice_rows
from finetrust.trust.interpretability.words.candidates import candidate_names
from finetrust.trust.interpretability.words.choosing import choice_passes, choice_table
from finetrust.trust.interpretability.words.explaining import (
    Passes,
    Texts,
    explainable,
    explained_rows,
    log_odds_of,
    parts,
    passes_of,
    preprocessing_of,
    probability_of,
    texts_at,
    token_counts,
    ways_of,
)
from finetrust.trust.interpretability.words.hidden_words import hiding
from finetrust.trust.interpretability.words.method import Maps
from finetrust.trust.interpretability.words.removal import (
    FIGURES,
    FRACTIONS,
    n_variants,
    word_curves,
)
from finetrust.trust.interpretability.words.rivals import random_words, rare_words, texts_with_word
from finetrust.trust.interpretability.words.span_removals import (
    SPANS,
    infidelities,
    span_removals,
)
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL = "word_explanations"
FAITHFULNESS = "faithfulness"

_RIVALS = ("random", "rare")


class WordExplanations:
    """The candidates are tried on validation texts; the best of them is judged on the texts themselves.

    Words are taken out; from effort standard on they are also replaced by the mask token instead, which is
    the only way where each word has a tag. Rivals of the explanation are words at random, and the rarest
    words of the training texts first.
    """

    title = "Explanations of texts"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        check_names(options, task)

    def plan(self, bench: Bench) -> Sequence[Step]:
        methods = explainable(bench)
        rows, targets = explained_rows(bench)
        chosen_on = choice_rows(bench)
        validation = bench.validation_items
        settings = {
            "methods": list(methods),
            "validation": None if validation is None else validation.take(chosen_on).fingerprint,
        }
        training = None if bench.training is None else bench.training.fingerprint
        return [
            Step(
                CHOICE,
                partial(choice_table, bench, methods, chosen_on),
                settings,
                *choice_passes(bench, methods, chosen_on),
            ),
            Step(
                FAITHFULNESS,
                partial(_faithfulness, bench, rows, targets),
                {**settings, "training": training},
                *_passes(bench, methods, rows),
                reads=True,
            ),
        ]


def check_names(options: EvaluateOptions, task: Task) -> None:
    """Raise UserError for an attribution method that texts are not explained by."""
    if task.kind is TEXTS:
        candidate_names(options.attributions, options.effort)


def _passes(bench: Bench, methods: tuple[str, ...], rows: np.ndarray) -> Passes:
    """Return the cost, by a method of which it is not yet known which it is."""
    lengths = token_counts(bench, bench.dataset, rows)
    forward, backward = (-(-passes // len(methods)) for passes in passes_of(methods, lengths))
    maps = 1 + len(_RIVALS)
    variants = sum(n_variants(int(words), maps, FRACTIONS) for words in lengths)
    return forward + len(ways_of(bench)) * variants + (1 + SPANS) * len(rows), backward


def _faithfulness(bench: Bench, rows: np.ndarray, targets: np.ndarray) -> Predictions:
    method = choice_of(bench.tables(TRIAL)[CHOICE]).method
    counts = None if bench.training is None else texts_with_word(InOrder(bench.training))
    texts = texts_at(bench, bench.dataset, rows, targets, bench.seeds(rows))
    names = ["explanation", "random", *(["rare"] if counts is not None else [])]
    columns = {
        name: np.full(len(rows), np.nan)
        for kind in names
        for name in (
            *(f"{kind}.{way}.{figure}" for way in ways_of(bench) for figure in FIGURES),
            f"{kind}.infidelity",
        )
    }
    for some in parts(texts, "faithfulness of the explanation"):
        maps = _maps(bench, some, method, counts)
        for name, values in _figures(bench, some, maps).items():
            columns[name][some.places] = values
    ids = bench.ids(rows)
    return Predictions(ids, columns, bench.clean.split)


def _maps(
    bench: Bench, texts: Texts, method: str, counts: Mapping[str, int] | None
) -> dict[str, Maps]:
    maps = {
        "explanation": texts.explained(method, bench.network),
        "random": random_words(texts.texts, texts.seeds),
    }
    return maps if counts is None else {**maps, "rare": rare_words(texts.texts, counts)}


def _figures(bench: Bench, texts: Texts, maps: Mapping[str, Maps]) -> dict[str, np.ndarray]:
    preprocessing, found = preprocessing_of(bench), {}
    answer = probability_of(bench, texts.targets)
    for way in ways_of(bench):
        curves = word_curves(
            answer, hiding(preprocessing, way), texts.texts, list(maps.values()), texts.seeds
        )
        for kind, of_kind in zip(maps, curves, strict=True):
            figures = [{} if curve is None else curve.figures() for curve in of_kind]
            for figure in FIGURES:
                values = [of_text.get(figure, np.nan) for of_text in figures]
                found[f"{kind}.{way}.{figure}"] = np.array(values)
    removals = span_removals(
        log_odds_of(bench, texts.targets),
        hiding(preprocessing, ways_of(bench)[0]),
        texts.texts,
        texts.seeds,
    )
    for kind, of_texts in maps.items():
        found[f"{kind}.infidelity"] = infidelities(removals, of_texts)
    return found


trials.add(TRIAL, WordExplanations())
