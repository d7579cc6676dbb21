"""The trial of the explanations themselves: what they owe to the network, and what moves them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import torch

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_kind import IMAGES
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.agreement import rank_correlation, top_overlap
from finetrust.trust.interpretability.attributions.attribution import attributions
from finetrust.trust.interpretability.attributions.candidates import candidate_names
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.explaining import (
    Explainable,
    answered_rows,
    explainable,
    explainer,
    maps_of,
)
from finetrust.trust.interpretability.sanity.allowance import Allowance, allowance_of
from finetrust.trust.interpretability.sanity.checks import (
    SAMPLES,
    STAGES,
    Items,
    explanations_judged,
    explanations_moved,
    of_changes,
    of_network,
)
from finetrust.trust.interpretability.sanity.columns import Columns, fill
from finetrust.trust.interpretability.sanity.found import AGREEMENT, ANSWER, STEP, TRIAL
from finetrust.trust.interpretability.sanity.harmless import HarmlessChange, chosen_changes, facts
from finetrust.trust.interpretability.sanity.permuted_labels import (
    training_items,
    with_permuted_labels,
)
from finetrust.trust.stability.harmless.trial import chosen_families
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

EXPLANATIONS = "explanations"


@dataclass(frozen=True)
class Plan:
    """What is tried on what.

    Parameters
    ----------
    found : Explainable
        The candidates.
    rows, targets : int64 arrays (n,)
        Items of the bench's data about which the network has an answer, and the answers.
    changes : sequence of HarmlessChange
    training : Dataset or None
        Whose labels are permuted.
    allowance : Allowance
    """

    found: Explainable
    rows: np.ndarray
    targets: np.ndarray
    changes: Sequence[HarmlessChange]
    training: Dataset | None
    allowance: Allowance


class Sanity:
    """Every candidate: weights drawn anew, labels permuted, harmless changes, noise, and one another."""

    title = "Sanity of explanations"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = (EXPLANATIONS,)

    def check(self, options: EvaluateOptions, task: Task) -> None:
        if task.kind is IMAGES:
            candidate_names(options.attributions, options.effort)
        chosen_families(options.harmless_changes)

    def plan(self, bench: Bench) -> Sequence[Step]:
        found = explainable(bench)
        rows, targets = answered_rows(bench)
        if not len(rows):
            raise NotApplicable("the model has an answer about no item")
        side = bench.inference.preprocessing.example(1).shape[-1]
        changes = chosen_changes(bench.options, bench.dataset.mirrored_alike, side)
        allowance = allowance_of(bench.effort.name, len(rows))
        plan = Plan(found, rows, targets, changes, training_items(bench), allowance)
        settings = {
            "methods": list(found.methods),
            "layer": found.layer,
            "allowance": allowance.facts,
            **facts(changes, side),
            "stages": STAGES,
            "samples": SAMPLES,
            "training": None if plan.training is None else plan.training.fingerprint,
        }
        steps = [Step(STEP, partial(_sanity, bench, plan), settings, forward=_cost(plan))]
        if len(found.methods) > 1:
            passes = [attributions.get(method).passes for method in found.methods]
            cost = sum(each * allowance.compared(each) for each in passes)
            steps.append(Step(AGREEMENT, partial(_agreement, bench, plan), settings, cost))
        return steps


def _cost(plan: Plan) -> int:
    """Return the passes of the step, as if the method that explains were an ordinary candidate."""
    passes = [attributions.get(method).passes for method in plan.found.methods]
    judged, moved = _explanations(plan)
    cost = sum(
        each * (judged * plan.allowance.judged(judged * each))
        + each * (moved * plan.allowance.moved(moved * each))
        for each in passes
    )
    return cost + len(plan.rows) * len(plan.changes) + len(plan.training or ())


def _explanations(plan: Plan) -> tuple[int, int]:
    return explanations_judged(plan.training is not None), explanations_moved(len(plan.changes))


def _sanity(bench: Bench, plan: Plan) -> Predictions:
    chosen = choice_of(bench.tables(EXPLANATIONS)[CHOICE]).method
    permuted = None if plan.training is None else with_permuted_labels(bench, plan.training)
    answers = _answers(bench, plan)
    columns = {f"{ANSWER}{name}": values for name, values in answers.items()}
    for method in plan.found.methods:
        passes, (judged, moved) = attributions.get(method).passes, _explanations(plan)
        explain = explainer(method, plan.found.layer)
        title = attributions.get(method).title
        of_method: Columns = {}
        taken = _taken(bench, plan, plan.allowance.judged(judged * passes))
        for places, items in _batches(bench, plan, taken, title):
            batch = of_network(method, explain, bench.network, permuted, items, bench.seed)
            fill(of_method, places, batch, len(plan.rows))
        of_method["judged"] = _flags(taken, len(plan.rows))
        taken = _taken(bench, plan, plan.allowance.moved(moved * passes, method == chosen))
        for places, items in _batches(bench, plan, taken, f"{title}, changed"):
            stays = {name: values[places] == 1 for name, values in answers.items()}
            batch = of_changes(explain, bench.network, plan.changes, stays, items)
            fill(of_method, places, batch, len(plan.rows))
        of_method["moved"] = _flags(taken, len(plan.rows))
        columns |= {f"{method}.{name}": values for name, values in of_method.items()}
    return Predictions(bench.ids(plan.rows), columns)


def _answers(bench: Bench, plan: Plan) -> Columns:
    """Return for each change whether the answer stays: 1 or 0, NaN where no pixel is altered."""
    found: Columns = {}
    everything = np.arange(len(plan.rows))
    for places, (images, targets, _) in _batches(bench, plan, everything, "harmless changes"):
        batch = {}
        for change in plan.changes:
            changed = change.apply(images)
            altered = (changed != images).flatten(1).any(dim=1)
            logits = bench.inference(changed)
            same = (logits.argmax(dim=1) == targets) & logits.isfinite().all(dim=1)
            batch[change.name] = same.double().where(altered, torch.nan).cpu().numpy()
        fill(found, places, batch, len(plan.rows))
    return found


def _agreement(bench: Bench, plan: Plan) -> Predictions:
    columns: Columns = {}
    n = len(plan.rows)
    most = {
        method: plan.allowance.compared(attributions.get(method).passes)
        for method in plan.found.methods
    }
    order = _order(bench, plan)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    everything = np.sort(order[: max(most.values())])
    for places, items in _batches(bench, plan, everything, "agreement of explanations"):
        maps, explained = {}, {}
        for method in plan.found.methods:
            explained[method] = rank[places] < most[method]
            some = torch.from_numpy(np.flatnonzero(explained[method])).to(items[0].device)
            maps[method] = torch.full_like(items[0][:, 0], torch.nan)
            if len(some):
                explain = explainer(method, plan.found.layer)
                images, targets, seeds = (part[some] for part in items)
                maps[method][some] = maps_of(explain, bench.network, images, targets, seeds)
        batch = {}
        for one, two in combinations(plan.found.methods, 2):
            pair = f"{one}|{two}"
            batch[f"{pair}.rank"] = rank_correlation(maps[one], maps[two]).cpu().numpy()
            batch[f"{pair}.top"] = top_overlap(maps[one], maps[two]).cpu().numpy()
            batch[f"{pair}.compared"] = (explained[one] & explained[two]).astype(float)
        fill(columns, places, batch, n)
    return Predictions(bench.ids(plan.rows), columns)


def _order(bench: Bench, plan: Plan) -> np.ndarray:
    """Return the order in which items are taken, so that fewer of them are among the more."""
    return np.random.default_rng(bench.seed).permutation(len(plan.rows))


def _taken(bench: Bench, plan: Plan, count: int) -> np.ndarray:
    return np.sort(_order(bench, plan)[:count])


def _batches(
    bench: Bench, plan: Plan, taken: np.ndarray, label: str
) -> Iterator[tuple[np.ndarray, Items]]:
    """Yield the places in `plan.rows` of some items, and the items."""
    for part, images in bench.batches(plan.rows[taken], label):
        places = np.searchsorted(plan.rows, part)
        targets = torch.from_numpy(plan.targets[places]).to(images.device)
        yield places, (images, targets, bench.seeds(part))


def _flags(taken: np.ndarray, n: int) -> np.ndarray:
    return np.isin(np.arange(n), taken)


trials.add(TRIAL, Sanity())
