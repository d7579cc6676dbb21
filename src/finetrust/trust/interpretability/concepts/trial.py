"""The trial of concepts: do answers rise towards what the user's example images have in common?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.predictions import Predictions
from finetrust.data.concept_images import LEAST_IMAGES, Concept, open_concepts, read_concepts
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_kind import IMAGES
from finetrust.models.features import batched_inputs
from finetrust.tasks.task import Task
from finetrust.trust.accuracy.probabilities import has_answer
from finetrust.trust.interpretability.concepts.pooled_layer import (
    pooled_activations,
    pooled_gradients,
)
from finetrust.trust.interpretability.concepts.tcav import LEAST_SETS, towards
from finetrust.trust.interpretability.explaining import layer_name
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

SENSITIVITY = "sensitivity"
"""The step. Its table holds for items of every class, by concept, ``CONCEPT.slope``, ``CONCEPT.rising``,
``CONCEPT.random`` and ``CONCEPT.examples``, the columns of
:class:`~finetrust.trust.interpretability.concepts.tcav.Towards`."""

MOST_SETS, ENOUGH_SETS = 20, 10
FEWEST_OF_A_CLASS, MOST_OF_A_CLASS = 10, 100
AT_ONCE = 64
"""Images of which gradients are taken at a time."""


class Concepts:
    """The direction of each concept in a layer, and the gradient of the logit of items of every class."""

    title = "Concepts"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        if options.concepts is None:
            return
        if task.kind.name != IMAGES.name:
            raise UserError(
                f"option 'concepts': concepts are images, and the model takes {task.kind.plural}",
                "Leave it out.",
            )
        read_concepts(options.concepts)

    def plan(self, bench: Bench) -> Sequence[Step]:
        if bench.options.concepts is None:
            raise NotApplicable("no concepts are given; name a folder with --concepts")
        bench.require_rows_of_logits()
        bench.require_pixels()
        plan = _Plan(
            bench,
            _layer(bench),
            open_concepts(bench.options.concepts),
            random_images(bench),
            rows_of_classes(bench),
        )
        return [plan.step()]


def random_images(bench: Bench) -> Dataset:
    """Return what random sets are drawn from: training images, or those judged where they are not known."""
    return bench.training or bench.dataset


def rows_of_classes(bench: Bench) -> np.ndarray:
    """Return rows of items of every class, sorted int64 (n,).

    As many of a class as give the sample of the effort, at least 10 and at most 100 where there are as
    many; no more in all than the user allows.
    """
    targets = bench.clean["target"]
    each = bench.effort.items() // max(1, len(bench.classes))
    each = min(MOST_OF_A_CLASS, max(FEWEST_OF_A_CLASS, each))
    taken = np.zeros(int(targets.max(initial=0)) + 1, np.int64)
    rows = []
    answered = has_answer(bench.clean["logits"])
    for row in np.random.default_rng(bench.seed).permutation(len(targets)).tolist():
        if answered[row] and taken[targets[row]] < each:
            taken[targets[row]] += 1
            rows.append(row)
    return np.sort(np.array(rows[: bench.effort.most], dtype=np.int64))


def sets_of(images: int, size: int) -> tuple[int, int]:
    """Return how many random sets are drawn from so many images, and of what size.

    Twenty of the size of the concepts; rather ten or more smaller ones than fewer.

    Raises
    ------
    NotApplicable
        If there are too few images for 5 sets of 5.
    """
    size = max(LEAST_IMAGES, min(size, images // ENOUGH_SETS))
    count = min(MOST_SETS, images // size)
    if count < LEAST_SETS:
        raise NotApplicable(
            f"there are {images} images to draw random sets from, and {LEAST_SETS * LEAST_IMAGES} are "
            "needed"
        )
    return count, size


def _layer(bench: Bench) -> str:
    example = bench.inference.preprocessing.example(1).to(bench.network.device).float()
    name = layer_name(bench.network, example, bench.options.target_layer)
    if name is None:
        raise NotApplicable("the network has no layer with a map of the image")
    first = torch.zeros(1, dtype=torch.int64, device=example.device)
    pooled_gradients(bench.network, example, first, bench.network.get_submodule(name))
    return name


@dataclass(frozen=True, eq=False)
class _Plan:
    bench: Bench
    layer: str
    concepts: Sequence[Concept]
    images: Dataset
    rows: np.ndarray

    def step(self) -> Step:
        count, size = sets_of(len(self.images), max(len(c.images) for c in self.concepts))
        if not len(self.rows):
            raise NotApplicable("the model has an answer to no item")
        drawn = np.random.default_rng(self.bench.seed).permutation(len(self.images))
        sets = drawn[: count * size].reshape(count, size)
        names = self.images.digests or self.images.ids
        settings: dict[str, Any] = {
            "concepts": [concept.mark for concept in self.concepts],
            "layer": self.layer,
            "rows": self.rows.tolist(),
            "sets": [[names[i] for i in one] for one in sets.tolist()],
        }
        passes = count * size + sum(len(concept.images) for concept in self.concepts)
        return Step(SENSITIVITY, lambda: self._table(sets), settings, passes, len(self.rows))

    def _table(self, sets: np.ndarray) -> Predictions:
        of_images = self._activations(self.images.take(sets.reshape(-1)), "random images")
        random_sets = [
            some for some in map(_finite, of_images.reshape(*sets.shape, -1)) if _enough(some)
        ]
        concepts = {
            concept.name: activations
            for concept in self.concepts
            if _enough(activations := _finite(self._activations(concept.images, concept.name)))
        }
        gradients = self._gradients()
        known = np.isfinite(gradients).all(axis=1)
        rows = self.rows[known]
        columns: dict[str, np.ndarray] = {"target": self.bench.clean["target"][rows]}
        if len(random_sets) >= LEAST_SETS:
            for name, found in towards(concepts, random_sets, gradients[known]).items():
                columns |= {
                    f"{name}.slope": found.slopes,
                    f"{name}.rising": found.rising,
                    f"{name}.random": found.random,
                    f"{name}.examples": np.full(len(rows), found.examples),
                }
        return Predictions(self.bench.clean.ids[rows], columns)

    def _activations(self, dataset: Dataset, label: str) -> np.ndarray:
        """Return pooled activations in the order of the items: float32 array (n, channels)."""
        bench = self.bench
        parts, order = [], []
        for rows, inputs in batched_inputs(bench.inference, dataset, bench.workers, label):
            images = inputs.to(bench.network.device).float() / 255
            parts.append(pooled_activations(bench.network, images, self._module).cpu().numpy())
            order.append(rows)
        return np.concatenate(parts)[np.argsort(np.concatenate(order))]

    def _gradients(self) -> np.ndarray:
        """Return the pooled gradients of the logit of each item's own class, in the order of `rows`."""
        targets = self.bench.clean["target"]
        parts: list[np.ndarray] = []
        order = []
        for rows, images in self.bench.batches(self.rows, "concepts"):
            classes = torch.from_numpy(targets[rows].astype(np.int64)).to(images.device)
            parts.extend(self._in_parts(images, classes))
            order.append(rows)
        found = np.concatenate(parts)
        return found[np.argsort(np.concatenate(order))]

    def _in_parts(self, images: Tensor, classes: Tensor) -> Iterator[np.ndarray]:
        """Yield gradients of some images at a time: a backward pass keeps much of each."""
        for some, of_some in zip(images.split(AT_ONCE), classes.split(AT_ONCE), strict=True):
            found = pooled_gradients(self.bench.network, some, of_some, self._module)
            yield found.cpu().numpy()

    @property
    def _module(self) -> nn.Module:
        return self.bench.network.get_submodule(self.layer)


def _finite(activations: np.ndarray) -> np.ndarray:
    return activations[np.isfinite(activations).all(axis=1)]


def _enough(activations: np.ndarray) -> bool:
    return len(activations) >= LEAST_IMAGES


trials.add("concepts", Concepts())
