"""The trial of the explanations of texts themselves: what they owe to the network, and what moves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import torch

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.tasks.task import Task
from finetrust.trust.accuracy.probabilities import has_answer
from finetrust.trust.interpretability.agreement import rank_correlation, top_overlap
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.sanity.allowance import Allowance, allowance_of
from finetrust.trust.interpretability.sanity.columns import Columns, fill
from finetrust.trust.interpretability.sanity.found import AGREEMENT, ANSWER, STEP
from finetrust.trust.interpretability.sanity.permuted_labels import (
    training_items,
    with_permuted_labels,
)
from finetrust.trust.interpretability.words.alike import FEWEST, compared
from finetrust.trust.interpretability.words.checks import (
    STAGES,
    explanations_judged,
    explanations_moved,
    of_changes,
    of_network,
)
from finetrust.trust.interpretability.words.explaining import (
    Passes,
    Texts,
    explainable,
    explained_rows,
    logits_of,
    passes_of,
    preprocessing_of,
    texts_at,
    token_counts,
)
from finetrust.trust.interpretability.words.harmless import CHANGES, changed
from finetrust.trust.interpretability.words.neighbours import SAMPLES
from finetrust.trust.interpretability.words.trial import TRIAL as EXPLANATIONS
from finetrust.trust.interpretability.words.trial import check_names
from finetrust.trust.interpretability.words.worded import Worded, worded
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL = "word_sanity"


@dataclass(frozen=True)
class Plan:
    """What is tried on what.

    Parameters
    ----------
    methods : tuple of str
        The candidates.
    rows, targets : int64 arrays (n,)
        Texts about which the network has an answer, and the answers.
    lengths : int64 array (n,)
        Their tokens.
    training : Dataset or None
        Whose labels are permuted.
    allowance : Allowance
    """

    methods: tuple[str, ...]
    rows: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    training: Dataset | None
    allowance: Allowance

    @property
    def judged(self) -> int:
        """How many explanations of a text by one method are put to other networks."""
        return explanations_judged(self.training is not None)

    @property
    def moved(self) -> int:
        """How many explanations of a text by one method are made of changed texts."""
        return explanations_moved(len(CHANGES))

    def each(self, method: str) -> int:
        """Return what a text costs on average, in passes forward; one forward and back counts as three."""
        forward, backward = passes_of([method], self.lengths)
        return max(1, -(-(forward + 3 * backward) // len(self.rows)))


class WordSanity:
    """Every candidate: weights drawn anew, labels permuted, harmless changes, and one another."""

    title = "Sanity of explanations of texts"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = (EXPLANATIONS,)

    def check(self, options: EvaluateOptions, task: Task) -> None:
        check_names(options, task)

    def plan(self, bench: Bench) -> Sequence[Step]:
        methods = explainable(bench)
        if preprocessing_of(bench).words:
            raise NotApplicable(
                "what is explained is the tag of a word, which harmless changes move"
            )
        rows, targets = explained_rows(bench)
        plan = Plan(
            methods,
            rows,
            targets,
            token_counts(bench, bench.dataset, rows),
            training_items(bench),
            allowance_of(bench.effort.name, len(rows)),
        )
        settings = {
            "methods": list(methods),
            "allowance": plan.allowance.facts,
            "changes": list(CHANGES),
            "stages": STAGES,
            "samples": SAMPLES,
            "training": None if plan.training is None else plan.training.fingerprint,
        }
        steps = [Step(STEP, partial(_sanity, bench, plan), settings, *_cost(plan))]
        if len(methods) > 1:
            cost = _compared_cost(plan)
            steps.append(Step(AGREEMENT, partial(_agreement, bench, plan), settings, *cost))
        return steps


def _cost(plan: Plan) -> Passes:
    """Return the passes of the step, as if the method that explains were an ordinary candidate."""
    forward, backward = len(plan.rows) * len(CHANGES) + len(plan.training or ()), 0
    for method in plan.methods:
        each, of_text = plan.each(method), _of_text(plan, method)
        items = plan.judged * plan.allowance.judged(plan.judged * each)
        items += plan.moved * plan.allowance.moved(plan.moved * each)
        forward, backward = forward + items * of_text[0], backward + items * of_text[1]
    return forward, backward


def _compared_cost(plan: Plan) -> Passes:
    forward = backward = 0
    for method in plan.methods:
        items, of_text = plan.allowance.compared(plan.each(method)), _of_text(plan, method)
        forward, backward = forward + items * of_text[0], backward + items * of_text[1]
    return forward, backward


def _of_text(plan: Plan, method: str) -> Passes:
    forward, backward = passes_of([method], plan.lengths)
    return -(-forward // len(plan.rows)), -(-backward // len(plan.rows))


def _sanity(bench: Bench, plan: Plan) -> Predictions:
    chosen = choice_of(bench.tables(EXPLANATIONS)[CHOICE]).method
    permuted = None if plan.training is None else with_permuted_labels(bench, plan.training)
    texts, n = _texts(bench, plan), len(plan.rows)
    answers, others = _answers(bench, plan, texts)
    columns = {f"{ANSWER}{name}": values for name, values in answers.items()}
    for method in track(plan.methods, "sanity of explanations", len(plan.methods)):
        of_method: Columns = {}
        each = plan.each(method)
        taken = _taken(texts, plan.allowance.judged(plan.judged * each), bench.seed)
        some = texts.take(np.flatnonzero(np.isin(texts.places, taken)))
        if len(some):
            found = of_network(method, bench.network, permuted, some, bench.seed)
            fill(of_method, some.places, found, n)
        of_method["judged"] = np.isin(np.arange(n), taken)
        count = plan.allowance.moved(plan.moved * each, method == chosen)
        taken = _taken(texts, count, bench.seed)
        rows = np.flatnonzero(np.isin(texts.places, taken))
        if len(rows):
            some = texts.take(rows)
            of_some = {name: [of_texts[row] for row in rows] for name, of_texts in others.items()}
            found = of_changes(method, bench.network, preprocessing_of(bench), of_some, some)
            fill(of_method, some.places, found, n)
        of_method["moved"] = np.isin(np.arange(n), taken)
        columns |= {f"{method}.{name}": values for name, values in of_method.items()}
    return Predictions(bench.ids(plan.rows), columns)


def _answers(
    bench: Bench, plan: Plan, texts: Texts
) -> tuple[Columns, dict[str, list[Worded | None]]]:
    """Return for each change whether the answer stays, and the changed texts where it does.

    1 or 0, NaN where the tokenizer sees no change.
    """
    answers: Columns = {}
    others: dict[str, list[Worded | None]] = {}
    preprocessing = preprocessing_of(bench)
    encode = preprocessing.transform()
    for name in CHANGES:
        made = [worded(preprocessing, changed(text.text, name)) for text in texts.texts]
        altered = np.array(
            [
                not np.array_equal(one.ids, text.ids)
                for one, text in zip(made, texts.texts, strict=True)
            ],
            bool,
        )
        rows = np.flatnonzero(altered)
        some = [encode(made[row].text) for row in rows]
        logits, targets = logits_of(bench, some, texts.targets[torch.from_numpy(rows)])
        same = (logits.argmax(dim=1).numpy() == targets) & has_answer(logits.numpy())
        values = np.full(len(texts), np.nan)
        values[rows] = same
        answers[name] = np.full(len(plan.rows), np.nan)
        answers[name][texts.places] = values
        others[name] = [
            one if stays == 1 else None for one, stays in zip(made, values, strict=True)
        ]
    return answers, others


def _agreement(bench: Bench, plan: Plan) -> Predictions:
    columns: Columns = {}
    n, texts = len(plan.rows), _texts(bench, plan)
    maps, explained = {}, {}
    for method in track(plan.methods, "agreement of explanations", len(plan.methods)):
        taken = _taken(texts, plan.allowance.compared(plan.each(method)), bench.seed)
        explained[method] = np.isin(np.arange(n), taken)
        some = texts.take(np.flatnonzero(explained[method][texts.places]))
        found = some.explained(method, bench.network)
        maps[method] = dict(zip(some.places.tolist(), found, strict=True))
    for one, two in combinations(plan.methods, 2):
        pair, both = f"{one}|{two}", [p for p in maps[one] if p in maps[two]]
        of_both = [[maps[method][p] for p in both] for method in (one, two)]
        found_of_pair = {
            f"{pair}.rank": compared(rank_correlation, *of_both),
            f"{pair}.top": compared(top_overlap, *of_both),
        }
        fill(columns, np.array(both, np.int64), found_of_pair, n)
        columns[f"{pair}.compared"] = (explained[one] & explained[two]).astype(float)
    return Predictions(bench.ids(plan.rows), columns)


def _texts(bench: Bench, plan: Plan) -> Texts:
    return texts_at(bench, bench.dataset, plan.rows, plan.targets, bench.seeds(plan.rows))


def _taken(texts: Texts, count: int, seed: int) -> np.ndarray:
    """Return the places of some of the texts at random; the fewer are among the more.

    Those with so few words that their order says nothing come last.
    """
    drawn = np.random.default_rng(seed).permutation(len(texts))
    short = np.array([len(text) < FEWEST for text in texts.texts], bool)[drawn]
    return texts.places[drawn[np.argsort(short, kind="stable")][:count]]


trials.add(TRIAL, WordSanity())
