"""Strips of images: untouched, corrupted, harmlessly changed where that flips the answer, attacked."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.adversarial.trial import frozen
from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.harmless.changes.family import Batch, families
from finetrust.trust.stability.strips.attacked import broken_images, enlarged_difference
from finetrust.trust.stability.strips.cases import (
    Case,
    Tables,
    chosen_cases,
    severities_of,
)
from finetrust.trust.stability.strips.strip import Answer, Maker, Panel, answers_of, strips
from finetrust.trust.trials.bench import Bench

HARMLESS, ATTACKS, NORM = "harmless_changes", "adversarial", "linf"


def image_cases(bench: Bench, tables: Tables) -> list[Case]:
    """Return the items to show; those that a harmless change flips are sought first."""
    bench.require_pixels()
    return chosen_cases(bench, tables, tables.get(HARMLESS, {}), list(severities_of(tables)))


def image_panels(bench: Bench, tables: Tables, cases: Sequence[Case]) -> list[list[Panel]]:
    """Return the panels of each item; answers are those of the figures, but for the attacked image."""
    rows = np.array([case.row for case in cases])
    prepare = bench.network.preprocessing.transform()
    device = bench.inference.device
    images = torch.stack([prepare(bench.dataset.inputs[int(row)]) for row in rows])
    pixels = images.to(device).float() / 255
    seeds = bench.seeds(rows)
    attacks = _attacks(bench, tables, rows, pixels, seeds)
    found = []
    for place, case in enumerate(cases):
        item = _Item(bench, tables, case, pixels[place : place + 1], seeds[place : place + 1])
        panels = [item.untouched(), *item.corrupted(), *item.harmless(), *attacks[place]]
        found.append(panels)
    return found


class _Item:
    def __init__(
        self, bench: Bench, tables: Tables, case: Case, pixels: Tensor, seed: Tensor
    ) -> None:
        self._bench, self._tables, self._case = bench, tables, case
        self._pixels, self._seed = pixels, seed

    def untouched(self) -> Panel:
        return Panel("untouched", _picture(self._pixels), self._answer(self._bench.clean))

    def corrupted(self) -> list[Panel]:
        """Return the mildest and the severest of the corruption."""
        name = self._case.corruption
        severities = severities_of(self._tables).get(name, [])
        panels = []
        for severity in dict.fromkeys([*severities[:1], *severities[-1:]]):
            changed = corruptions.get(name)(self._pixels, severity, self._seed)
            answer = self._answer(self._tables["corruptions"][f"{name}-{severity}"])
            facts = {"type": name, "severity": severity, "of": severities[-1]}
            panels.append(Panel("corruption", _picture(changed), answer, facts))
        return panels

    def harmless(self) -> list[Panel]:
        """Return the first change that flips the answer, if one does."""
        preprocessing = self._bench.inference.preprocessing
        if not isinstance(preprocessing, Preprocessing):
            return []
        for step in self._case.flips:
            family, _, name = step.partition(".")
            for change in families.get(family).changes(preprocessing):
                if change.name == name:
                    changed = change.apply(Batch(self._pixels, self._originals))
                    answer = self._answer(self._tables[HARMLESS][step])
                    facts = {"type": family, "change": name}
                    return [Panel("harmless", _picture(changed), answer, facts)]
        return []

    def _originals(self) -> list[Image.Image]:
        return [self._bench.dataset.inputs[self._case.row]]

    def _answer(self, table: Predictions) -> Answer | None:
        name = self._bench.dataset.ids[self._case.row]
        return answers_of(table, self._bench.calibration, [name])[0]


def _attacks(
    bench: Bench, tables: Tables, rows: np.ndarray, pixels: Tensor, seeds: Tensor
) -> list[list[Panel]]:
    """Return the attacked image and its difference, for the items that an attack was to break."""
    table = tables.get(ATTACKS, {}).get(NORM)
    if table is None:
        return [[] for _ in rows]
    places = {name: place for place, name in enumerate(table.ids.tolist())}
    known = np.array([places.get(bench.dataset.ids[row], -1) for row in rows])
    smallest = np.where(known >= 0, table["smallest"][known], 0.0)
    # Only a right answer can be broken; 0 stands for a wrong one.
    attacked = np.flatnonzero(smallest > 0)
    panels: list[list[Panel]] = [[] for _ in rows]
    if not len(attacked):
        return panels
    labels = torch.from_numpy(bench.clean["target"][rows[attacked]].astype(np.int64))
    labels = labels.to(pixels.device)
    images, of_items = pixels[torch.from_numpy(attacked)], seeds[torch.from_numpy(attacked)]
    with frozen(bench.network):
        points, size = broken_images(bench.network, images, labels, of_items, smallest[attacked])
        with torch.no_grad():
            logits = bench.network(points).float().cpu().numpy()
    ids = bench.ids(rows[attacked])
    answers = answers_of(Predictions(ids, {"logits": logits}), bench.calibration, ids.tolist())
    for number, place in enumerate(attacked.tolist()):
        if np.isnan(size[number]):
            largest = float(table["sizes"][0].max()) * 255
            panels[place] = [Panel("withstood", None, None, {"size": largest})]
            continue
        before, after = (x[number].cpu().numpy() for x in (images, points))
        difference, factor = enlarged_difference(before, after)
        facts = {"size": float(size[number]) * 255}
        panels[place] = [
            Panel("attack", _picture(points[number : number + 1]), answers[number], facts),
            Panel("difference", difference, None, {"enlarged": factor}),
        ]
    return panels


def _picture(pixels: Tensor) -> np.ndarray:
    """Return pixels (1, 3, h, w) in [0, 1] as uint8 array (h, w, 3)."""
    levels = (pixels[0] * 255).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(1, 2, 0).cpu().numpy()


strips.add("image", Maker(image_cases, image_panels))
