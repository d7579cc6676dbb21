"""The trial of localisation of detectors: does the heat of a box lie on the object that it found."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.data.objects.box_marks import pixels_of_boxes
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network
from finetrust.tasks.task import Task
from finetrust.trust.interpretability.box_cases import (
    CORRECT,
    LEAST_OVERLAP,
    LEAST_SCORE,
    BoxCase,
    image_cases,
)
from finetrust.trust.interpretability.box_heat import box_heat
from finetrust.trust.interpretability.localisation.parts import PartAnswer, location_step
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

TRIAL = "box_localisation"


class BoxLocalisation:
    """One rightly found box of each image, drawn at random, against the annotated box.

    Whether its map changes with the weights cannot be asked: a detector with other weights finds no box
    there that could be explained.
    """

    title = "Localisation of detections"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        return

    def plan(self, bench: Bench) -> Sequence[Step]:
        if "pred_boxes" not in bench.clean:
            raise NotApplicable("the outputs are not boxes")
        cases = found_boxes(bench)
        answers = {row: _answer(bench, case) for row, case in cases.items()}
        row = min(answers)
        _, images = next(bench.batches(np.array([row]), "localisation"))
        answers[row].heat(bench.network, images[0])  # raises NotApplicable without feature maps
        settings = {"overlap": LEAST_OVERLAP, "score": LEAST_SCORE}
        return [location_step(bench, answers, settings)]


def found_boxes(bench: Bench) -> dict[int, BoxCase]:
    """Return one rightly found box of each image of a sample, drawn by the item's seed, by row.

    Raises
    ------
    NotApplicable
        If there is none.
    """
    rows = bench.sample(costly=True)
    cases: dict[int, BoxCase] = {}
    for row, seed in zip(rows.tolist(), bench.seeds(rows).tolist(), strict=True):
        right = [case for case in image_cases(bench.clean, row) if case.kind == CORRECT]
        if right:
            cases[row] = right[seed % len(right)]
    if not cases:
        raise NotApplicable(
            f"no object was found with a score of {LEAST_SCORE} and an overlap (IoU) of {LEAST_OVERLAP}"
        )
    return cases


def _answer(bench: Bench, case: BoxCase) -> PartAnswer:
    letterbox, size = bench.inference.preprocessing, bench.clean["size"][case.row].tolist()
    assert isinstance(letterbox, Letterbox)
    box = letterbox.to_canvas(case.box, size)[0]
    return PartAnswer(partial(_heat, box, case.label), partial(_truth, case, size))


def _heat(box: np.ndarray, label: int, network: Network, image: Tensor) -> Tensor | None:
    heat = box_heat(network, image, box, label)
    return None if heat is None else torch.from_numpy(heat).to(image.device)


def _truth(case: BoxCase, size: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    assert case.annotated is not None
    inside = pixels_of_boxes(case.annotated[None], tuple(size))
    return inside, np.ones_like(inside)


trials.add(TRIAL, BoxLocalisation())
