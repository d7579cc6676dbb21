"""Training items that stand in a report: drawn once each, or quoted where they are texts."""

from pathlib import Path
from typing import Any

from finetrust.data.texts.text_kind import joined_text
from finetrust.trust.interpretability.examples.shown_examples import Examples, TrainingItem
from finetrust.trust.interpretability.explanation import Decisions
from finetrust.trust.interpretability.picture_pixels import enlarged, seen_images

SHOWN_NEIGHBOURS = 3


class ShownTraining:
    """The training items of a bench as they are shown.

    Parameters
    ----------
    decisions : Decisions
    folder : Path
        Where images are drawn.
    """

    def __init__(self, decisions: Decisions, folder: Path) -> None:
        bench = decisions.bench
        self._classes, self._network, self._folder = decisions.classes, decisions.network, folder
        self._dataset = None if bench is None else bench.training
        ids = () if self._dataset is None else self._dataset.ids
        self._rows = {name: row for row, name in enumerate(ids)}
        self._shown: dict[str, dict[str, str]] = {}

    def beside(self, examples: Examples, answer: int) -> dict[str, list[dict[str, Any]]]:
        """Return what stands beside a decision: each item once, and only what adds something.

        The nearest item of another class stands where all nearest ones that are drawn are of the class
        that was answered; what taught the answer most where it is not among the nearest.

        Returns
        -------
        dict of str to list of dict
            As in :mod:`finetrust.trust.interpretability.explanation`.
        """
        near = examples.neighbours
        drawn = near[:SHOWN_NEIGHBOURS]
        found = {"neighbours": [self._told(item, draw=item in drawn) for item in near]}
        if examples.other is not None and all(item.label == answer for item in drawn):
            found["other_class"] = [self._told(examples.other)]
        taught = [item for item in examples.helpful[:1] if item.id not in {n.id for n in near}]
        if taught:
            found["helpful"] = [self._told(item) for item in taught]
        return found

    def shown(self, item: str, label: int) -> dict[str, Any]:
        """Return an item by its id, with the name of its class; drawn or quoted if it can be read."""
        if item not in self._shown:
            self._shown[item] = self._made(item)
        return {"id": item, "label": self._classes[label], **self._shown[item]}

    def _told(self, item: TrainingItem, draw: bool = True) -> dict[str, Any]:
        if draw:
            return self.shown(item.id, item.label)
        return {"id": item.id, "label": self._classes[item.label]}

    def _made(self, item: str) -> dict[str, str]:
        if self._dataset is None or item not in self._rows:
            return {}
        row = self._rows[item]
        try:
            if self._dataset.kind.name == "text":
                return {"text": joined_text(self._dataset.inputs[row])}
            image = seen_images(self._network, self._dataset, [row])[0]
        except OSError:
            return {}
        name = f"training-{len(self._shown):03d}.png"
        enlarged(image.permute(1, 2, 0).numpy()).save(self._folder / name)
        return {"file": name}
