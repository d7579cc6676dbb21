"""The trial of examples: which training items stand beside a decision, and which stand out themselves."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import Task
from finetrust.trust.accuracy.probabilities import NO_ANSWER, calibrated
from finetrust.trust.interpretability.cases import confident_errors, random_correct
from finetrust.trust.interpretability.examples.counterfactual_pairs import counterfactual_pairs
from finetrust.trust.interpretability.examples.head_influence import HeadInfluence
from finetrust.trust.interpretability.examples.known_items import (
    KnownItems,
    known_items,
    known_source,
)
from finetrust.trust.interpretability.examples.mmd_critic import mmd_critic
from finetrust.trust.interpretability.examples.nearest import nearest_items
from finetrust.trust.interpretability.examples.proponents import proponents
from finetrust.trust.interpretability.examples.shown_examples import (
    CRITICISM,
    INFLUENCE,
    NEAREST,
    NEIGHBOURS,
    PROTOTYPE,
    PROTOTYPES,
    SELF_INFLUENCE,
)
from finetrust.trust.interpretability.examples.votes import votes
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

STRONGEST = 3
A_CLASS = 3
"""Prototypes, and as many criticisms, of each class."""

MOST_OF_A_CLASS = 1_000
TOP = 0.05
"""The share of the training items, by self-influence, that is looked at more closely."""


class Examples:
    """Neighbours, influence and prototypes among the training items, in the space of the features."""

    title = "Explanation by examples"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        pass

    def plan(self, bench: Bench) -> Sequence[Step]:
        bench.require_rows_of_logits()
        if bench.clean.columns.get("features", np.empty(0)).ndim != 2:
            raise NotApplicable("the features of an input are not one row of numbers")
        source = known_source(bench)
        answers = answers_of(bench)
        shown = shown_rows(bench, answers)
        asked = np.union1d(bench.sample(), shown)
        asked = asked[answers[asked] != NO_ANSWER]
        if not len(asked):
            raise NotApplicable("the model has an answer to no item")
        mark = {"items": source.mark}
        of_asked = {**mark, "asked": asked.tolist(), "answers": answers[asked].tolist()}
        of_shown = {**mark, "asked": shown.tolist(), "answers": answers[shown].tolist()}
        steps = [Step(NEIGHBOURS, partial(_neighbours, bench, asked), of_asked, source.passes)]
        if len(shown):
            steps.append(Step(INFLUENCE, partial(_influence, bench, shown), of_shown))
        return [
            *steps,
            Step(PROTOTYPES, partial(_prototypes, bench), mark),
            Step(SELF_INFLUENCE, partial(_self_influence, bench), {**mark, "top": [TOP, NEAREST]}),
        ]


@once
def answers_of(bench: Bench) -> np.ndarray:
    """Return the answers that ``predict`` would give, ``NO_ANSWER`` without one: int64 array (n,)."""
    probabilities = calibrated(bench.clean, bench.calibration)
    answered = np.isfinite(probabilities).all(axis=1) & np.isfinite(bench.clean["features"]).all(1)
    return np.where(answered, probabilities.argmax(axis=1), NO_ANSWER).astype(np.int64)


def shown_rows(bench: Bench, answers: np.ndarray) -> np.ndarray:
    """Return the rows that pictures show: the most confident errors and random right ones, sorted."""
    count, targets = bench.options.pictures, bench.clean["target"]
    confidence = calibrated(bench.clean, bench.calibration).max(axis=1)
    wrong = confident_errors(answers, targets, confidence, count)
    right = random_correct(answers, targets, count, bench.seed)
    rows = np.concatenate([wrong, right]).astype(np.int64)
    return np.unique(rows[answers[rows] != NO_ANSWER])


def _neighbours(bench: Bench, rows: np.ndarray) -> Predictions:
    known, answers = known_items(bench), answers_of(bench)[rows]
    asked = bench.clean["features"][rows]
    near, far = nearest_items(asked, known.features, NEAREST)
    other, apart = counterfactual_pairs(asked, answers, known.features, known.labels)
    columns = {
        "target": bench.clean["target"][rows],
        "predicted": answers,
        "sampled": np.isin(rows, bench.sample()),
        **_ranked(known, near, far, ("neighbour", "label", "distance")),
    }
    of_other = _ranked(known, other[:, None], apart[:, None], ("o", "l", "d"))
    columns |= {
        "other": of_other["o-0"],
        "other_label": of_other["l-0"],
        "other_distance": of_other["d-0"],
    }
    return Predictions(bench.clean.ids[rows], columns)


@once
def _influences(known: KnownItems) -> HeadInfluence:
    return HeadInfluence(known.features, known.labels, known.logits)


def _influence(bench: Bench, rows: np.ndarray) -> Predictions:
    known, answers, clean = known_items(bench), answers_of(bench)[rows], bench.clean
    found = _influences(known).on(clean["features"][rows], clean["logits"][rows], answers)
    columns: dict[str, np.ndarray] = {"predicted": answers}
    columns["way"] = np.full(len(rows), _influences(known).way)
    for name, positions in zip(("for", "against"), proponents(found, STRONGEST), strict=True):
        values = np.abs(np.take_along_axis(found, np.maximum(positions, 0), axis=1))
        columns |= _ranked(known, positions, values, (name, f"{name}_label", f"{name}_value"))
    return Predictions(clean.ids[rows], columns)


def _ranked(
    known: KnownItems, positions: np.ndarray, figures: np.ndarray, names: tuple[str, str, str]
) -> Mapping[str, np.ndarray]:
    """Return columns of ids, labels and figures by rank; "", ``NO_ANSWER`` and NaN for none."""
    ids, labels, of_figures = names
    columns: dict[str, np.ndarray] = {}
    for rank, (at, figure) in enumerate(zip(positions.T, figures.T, strict=True)):
        there = at >= 0
        columns[f"{ids}-{rank}"] = np.where(there, known.ids[at], "")
        columns[f"{labels}-{rank}"] = np.where(there, known.labels[at], NO_ANSWER)
        columns[f"{of_figures}-{rank}"] = np.where(there, figure, np.nan)
    return columns


def _prototypes(bench: Bench) -> Predictions:
    known = known_items(bench)
    chosen: list[tuple[int, int, str, int]] = []
    for label in np.unique(known.labels).tolist():
        rows = np.flatnonzero(known.labels == label)
        rows = rows[:: -(-len(rows) // MOST_OF_A_CLASS)]
        for kind, positions in _representatives(known.features[rows]).items():
            chosen += [
                (int(rows[at]), label, kind, rank) for rank, at in enumerate(positions.tolist())
            ]
    positions = np.array([row for row, *_ in chosen], dtype=np.int64)
    columns = {
        "label": np.array([label for _, label, _, _ in chosen], dtype=np.int64),
        "kind": np.array([kind for _, _, kind, _ in chosen], dtype=str),
        "rank": np.array([rank for *_, rank in chosen], dtype=np.int64),
    }
    return Predictions(known.ids[positions], columns)


def _representatives(features: np.ndarray) -> dict[str, np.ndarray]:
    try:
        found = mmd_critic(features, A_CLASS, A_CLASS)
    except NotApplicable:
        # All are alike: the first stands for all.
        return {PROTOTYPE: np.zeros(1, np.int64)}
    return {PROTOTYPE: found.prototypes, CRITICISM: found.criticisms}


def _self_influence(bench: Bench) -> Predictions:
    known = known_items(bench)
    found = _influences(known)
    top = np.argsort(-found.own, kind="stable")[: -(-len(known) // round(1 / TOP))]
    own_place = np.arange(len(known))
    near, _ = nearest_items(
        known.features[top], known.features, NEAREST, groups=(own_place[top], own_place)
    )
    labels = np.where(near >= 0, known.labels[near], NO_ANSWER)
    alike, alike_count = np.full(len(known), NO_ANSWER), np.zeros(len(known), np.int64)
    alike[top] = votes(labels)
    alike_count[top] = (labels == alike[top, None]).sum(axis=1) * (alike[top] != NO_ANSWER)
    columns = {
        "self_influence": found.own,
        "label": known.labels,
        "suggested": found.says,
        "alike": alike,
        "alike_count": alike_count,
        "way": np.full(len(known), found.way),
    }
    return Predictions(known.ids, columns)


trials.add("examples", Examples())
